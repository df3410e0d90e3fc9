"""What of a notebook's cell is Python."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.source.cells import OTHER_BELOW, PYTHON_BELOW, as_python
from codeodds.source.functions import find_functions


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("%time f()\nx = 1\n", "         \nx = 1\n"),
        ("!ls\r\n  !ls\r\nx\n", "   \r\n     \r\nx\n"),
        ("?print\nprint?\nnp.array??\n%time?\n", "      \n      \n          \n      \n"),
        ("!ls \\\n  -l\nx\n", "     \n    \nx\n"),
        ("    %time f()\n    x\n", "             \n    x\n"),
        ("/f 1 2\n,f a b\n;f a b\n", "      \n      \n      \n"),
        ("x = !ls 'it\ny = %time f(1)\n", "x = _      \ny = _         \n"),
        ("a, b[0] = %px 1\nd['k'] = !ls\n", "a, b[0] = _    \nd['k'] = _  \n"),
        ("\n%%bash\nls é\n", "\n      \n    \n"),
        ("%%time\nx = 1\n", "      \nx = 1\n"),
        ("%%time\n%%memit -r 3\n!ls\nx = 1\n", "      \n            \n   \nx = 1\n"),
        ("%%time\n%%bash\nls\n", "      \n      \n  \n"),
        ("", ""),
    ],
)
def test_what_only_a_notebook_understands_is_left_out_and_positions_stay(text: str, source: str) -> None:
    assert as_python(text) == source
    assert [len(line) for line in source.split("\n")] == [len(line) for line in text.split("\n")]


@pytest.mark.parametrize(
    "text",
    [
        "x = (a\n     % b\n     != c)\n",
        "x = (a\n% b\n)\n",
        "x = a \\\n% b\n",
        'x = """\n%d items\n!important\n?query\n  !x\n"""\n',
        "x = '''a\n%d \"\"\" b\n'''\n",
        'x = """a \\"""\n%d\n"""\n',
        "x = r'''\\'''\n%d'''\n",
        'x = f"""\n%d {y["""]\n',
        "x = 'a\\\n%d'\n",
        "# don't\nx = 1  # (\ny = x\n",
        "x = 'a = %s' % b\nprint('%s = !', a)\n",
        "x == y\nx != y\nf(a=1)\nx = a % b\nx %= 2\n",
        "d = {\n'%a': 1,\n}\n",
        "def f(a):\n    return (\n        a\n        % 2\n    )\n",
        "x = '('\ny = \"[\"\nz = a\n",
        "raise ValueError('what?')\n",
    ],
)
def test_python_stays_what_it_is(text: str) -> None:
    assert as_python(text) == text


def test_a_bracket_that_is_open_reaches_no_further_than_the_next_definition() -> None:
    assert as_python("x = (\n% a\ndef f():\n    !ls\n    return 1\n").split("\n")[3:5] == [" " * 7, "    return 1"]


FUNCTION = "def f(a):\n    return a + 1\n"


@pytest.mark.parametrize("magic", [*sorted(PYTHON_BELOW), "some_new_magic", "px --targets 1", "timeit -n 1"])
def test_python_below_a_magic_is_found(magic: str) -> None:
    assert [function.line for function in find_functions(as_python(f"%%{magic}\n{FUNCTION}"))] == [1]


@pytest.mark.parametrize("magic", sorted(OTHER_BELOW))
def test_what_is_below_the_others_is_hidden(magic: str) -> None:
    assert as_python(f"%%{magic} -x\n{FUNCTION}").strip() == ""


@pytest.mark.parametrize(
    ("magic", "below"),
    [("mermaid", "graph TD;\nA-->B;\n"), ("sqlite", "select a from b where c;\n"), ("dot", "digraph { a -> b }\n")],
)
def test_what_does_not_parse_below_an_unknown_magic_is_hidden(magic: str, below: str) -> None:
    assert as_python(f"%%{magic}\n{below}").strip() == ""


def test_a_cell_that_is_being_typed_below_a_known_magic_is_read() -> None:
    (function,) = find_functions(as_python("%%time\ndef f(a):\n    return (a +\n"))
    assert (function.name, function.line, function.parses) == ("f", 1, False)


def test_lines_of_a_string_do_not_change_what_is_scored() -> None:
    plain = textwrap.dedent(
        '''
        def report(items):
            """Print them.

        %d of them
        ! and more
            """
            text = """
        %s
        ? !
        """
            return text % len(items)
        '''
    )
    assert [f.unit for f in find_functions(as_python(plain))] == [f.unit for f in find_functions(plain)]
    assert "? !" in find_functions(as_python(plain))[0].unit.solution


@given(st.text(max_size=60) | st.text("%!?x=\\'\"([])#\n\r \tdef", max_size=60))
def test_positions_always_stay(text: str) -> None:
    source = as_python(text)
    assert len(source) == len(text)
    assert all(new == old or (new in " _" and old not in "\r\n") for old, new in zip(text, source, strict=True))
