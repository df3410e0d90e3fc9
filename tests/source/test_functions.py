"""How a document is cut into functions, each with a problem and a solution."""

from __future__ import annotations

import inspect

import pytest

from codeodds.source.functions import MAX_IMPORT_LINES, Function, find_functions, find_imports, normalise_newlines
from codeodds.source.nested import with_nested
from codeodds.source.outside import find_outside_code


def only(text: str) -> Function:
    (function,) = find_functions(text)
    return function


def names(text: str) -> list[str]:
    return [function.name for function in find_functions(text)]


def cut(text: str) -> tuple[str, str]:
    unit = only(text).unit
    return unit.problem, unit.solution


def test_a_module_function() -> None:
    function = only("x = 1\n\n\ndef f(a, b):\n    c = a\n\n    return c + b\n\n\nprint(f(1, 2))\n")
    assert (function.unit.problem, function.unit.solution) == (
        "def f(a, b):\n",
        "    c = a\n\n    return c + b\n",
    )
    assert function.unit.text == "def f(a, b):\n    c = a\n\n    return c + b\n"
    assert (function.name, function.line, function.signature_end) == ("f", 3, (3, 12))
    assert (function.solution_line, function.solution_character, function.end_line) == (4, 0, 6)
    assert (function.parses, function.is_stub) == (True, False)


def test_everything_that_states_the_task_is_the_problem() -> None:
    text = inspect.cleandoc(
        '''
        import os
        from a import (
            b,
        )

        LIMIT = 3


        class Account(
            Base, metaclass=Meta
        ):
            """Money."""

            total = 0

            # Not part of it: a blank line follows.

            # Refuses what is not there.
            # Never below zero.
            @check
            @limit(
                3
            )
            async def withdraw(
                self, amount: int = len({1: 2})
            ) -> int:  # in cents
                """Take out money.

                >>> 1
                """
                # The body starts at its comment.
                self.total -= amount
                return self.total
        '''
    )
    function = only(text)
    assert function.unit.problem == inspect.cleandoc(
        '''
        import os
        from a import (
            b,
        )


        class Account(
            Base, metaclass=Meta
        ):
            # Refuses what is not there.
            # Never below zero.
            @check
            @limit(
                3
            )
            async def withdraw(
                self, amount: int = len({1: 2})
            ) -> int:  # in cents
                """Take out money.

                >>> 1
                """
        '''
    ) + ("\n")
    assert function.unit.solution == (
        "        # The body starts at its comment.\n        self.total -= amount\n        return self.total"
    )
    lines = text.split("\n")
    assert function.name == "Account.withdraw"
    assert lines[function.line] == "    async def withdraw("
    assert function.signature_end == (lines.index("    ) -> int:  # in cents"), 13)
    assert lines[function.solution_line].strip() == "# The body starts at its comment."
    assert function.end_line == len(lines) - 1


def test_the_body_may_stand_behind_the_colon() -> None:
    function = only("def f(a): return a  # done\nx = 1\n")
    assert (function.unit.problem, function.unit.solution) == ("def f(a):", " return a  # done\n")
    assert (function.signature_end, function.solution_line, function.solution_character) == ((0, 9), 0, 9)
    assert function.end_line == 0


def test_a_comment_behind_the_colon_is_part_of_the_problem() -> None:
    assert cut("def f(a):  # why\n    return a\n") == ("def f(a):  # why\n", "    return a\n")
    assert only("def f(a):  # why\n    return a\n").signature_end == (0, 9)


def test_colons_within_the_signature_do_not_end_it() -> None:
    text = "def f(a: int = (lambda: 1)(), *, b={1: 2}) -> Callable[[int], int]:\n    return a\n"
    assert only(text).signature_end == (0, text.index("]:") + 2)
    assert cut(text)[1] == "    return a\n"


def test_code_behind_the_docstring_is_the_solution() -> None:
    function = only('def f():\n    """Doc."""; return 1\n')
    assert (function.unit.problem, function.unit.solution) == ('def f():\n    """Doc."""', "; return 1\n")
    assert (function.solution_line, function.solution_character) == (1, 14)


@pytest.mark.parametrize("first", ['f"{a}"', 'b"bytes"', 'Rb"bytes"', '"a" + "b"', "1"])
def test_what_only_looks_like_a_docstring_is_the_solution(first: str) -> None:
    assert cut(f"def f(a):\n    {first}\n    return a\n") == ("def f(a):\n", f"    {first}\n    return a\n")


@pytest.mark.parametrize("first", ['"""Doc."""', "'Doc.'", 'r"""Doc\\."""', 'u"Doc."', '"Doc" " more."'])
def test_docstrings_are_the_problem(first: str) -> None:
    assert cut(f"def f(a):\n    {first}  # so\n    return a\n") == (f"def f(a):\n    {first}  # so\n", "    return a\n")


def test_nested_classes_give_their_headers_and_not_their_members() -> None:
    text = (
        "class A:\n    x = 1\n\n    class B(C[int]):  # b\n        y = 2\n\n"
        "        def m(self):\n            return 1\n\n    def n(self):\n        return 2\n"
    )
    inner, outer = find_functions(text)
    assert (inner.name, inner.unit.problem) == (
        "A.B.m",
        "class A:\n    class B(C[int]):\n        def m(self):\n",
    )
    assert (outer.name, outer.unit.problem) == ("A.n", "class A:\n    def n(self):\n")


def test_functions_within_functions_belong_to_the_outer_one() -> None:
    body = (
        "    def g():\n        return a\n\n    class C:\n        def m(self):\n            return 1\n\n    return g\n"
    )
    function = only("def f(a):\n" + body)
    assert (function.name, function.unit.solution) == ("f", body)


def test_functions_within_blocks_are_found() -> None:
    text = (
        "if x:\n    def a(): return 1\nelif y:\n    def b(): return 1\nelse:\n    def c(): return 1\n"
        "try:\n    def d(): return 1\nexcept E:\n    def e(): return 1\nfinally:\n    def f(): return 1\n"
        "with x:\n    def g(): return 1\nfor x in y:\n    def h(): return 1\n"
        "match x:\n    case 1:\n        def i(): return 1\n"
    )
    assert "".join(names(text)) == "abcdefghi"
    assert all(function.parses for function in find_functions(text))


def test_only_the_modules_own_imports_and_not_too_many_are_taken() -> None:
    many = "".join(f"import m{index}\n" for index in range(MAX_IMPORT_LINES + 5))
    text = many + "\n\ndef f():\n    import inner\n    return inner\n"
    problem, _ = cut(text)
    taken = "".join(f"import m{index}\n" for index in range(MAX_IMPORT_LINES))
    assert problem == taken + "\n\ndef f():\n"


def test_imports_below_a_function_count_too() -> None:
    assert cut("def f():\n    return 1\n\n\nfrom __future__ import annotations\nimport a; import b\n")[0] == (
        "from __future__ import annotations\nimport a\nimport b\n\n\ndef f():\n"
    )


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_become_lf_and_lines_keep_their_numbers(end: str) -> None:
    text = 'import a\n\n\n# c\ndef f():\n    """Doc.\n    """\n    x = """\n"""\n    return x\n'
    assert find_functions(text.replace("\n", end)) == find_functions(text)
    assert normalise_newlines("a\r\n\r\rb\n") == "a\n\n\nb\n"


def test_characters_are_counted_in_code_points() -> None:
    function = only("é = '🎉'\n\ndef ƒ(a='🎉🎉', b='é'): return '🎉'\n")
    assert function.name == "ƒ"
    assert (function.line, function.signature_end, function.solution_character) == (2, (2, 21), 21)
    assert function.unit.solution == " return '🎉'\n"


@pytest.mark.parametrize(
    "body",
    [
        "pass",
        "...",
        '"""Doc."""',
        '"""Doc."""\n    ...',
        "# to do\n    pass",
        "raise NotImplementedError",
        'raise NotImplementedError("later")',
        "pass; ...",
    ],
)
def test_stubs(body: str) -> None:
    assert only(f"def f(a):\n    {body}\n").is_stub


@pytest.mark.parametrize(
    "body", ["return", "return ...", "raise ValueError", "pass\n    return 1", "x = ...", "f'{a}'"]
)
def test_what_does_something_is_no_stub(body: str) -> None:
    assert not only(f"def f(a):\n    {body}\n").is_stub


def test_the_last_line_of_a_function_without_a_solution() -> None:
    function = only('def f():\n    """Doc.\n\n    More.\n    """\n\n\nx = 1\n')
    assert function.unit.solution == ""
    assert (function.line, function.end_line) == (0, 4)
    assert only("def f():").end_line == 0
    assert only("class C:\n    def m(self):\n").end_line == 1


def test_type_parameters_and_star_arguments() -> None:
    assert cut("def f[T: int](*a: T, **k: T) -> T:\n    return a[0]\n")[0] == "def f[T: int](*a: T, **k: T) -> T:\n"
    assert cut("class A[T]:\n    def f(self):\n        return 1\n")[0] == "class A[T]:\n    def f(self):\n"


def test_form_feeds_and_tabs() -> None:
    function = only("x = 1\n\x0c\ndef f(a):\n\tif a:\n\t\treturn 1\n\treturn 2\n")
    assert (function.line, function.solution_line, function.end_line) == (2, 3, 5)
    assert function.unit.solution == "\tif a:\n\t\treturn 1\n\treturn 2\n"


def test_a_long_document_is_read_piece_by_piece_as_at_once() -> None:
    """Characters of one to four bytes stand across every border between two pieces."""
    bodies = [f'def f{number}(a):\n    """{"aé€🎉" * number}"""\n    return a\n' for number in range(200)]
    found = find_functions("\n\n".join(bodies))
    assert [function.name for function in found] == [f"f{number}" for number in range(200)]
    assert [function.unit.text for function in found] == bodies
    assert {function.unit.solution for function in found} == {"    return a\n"}


@pytest.mark.parametrize(
    "text",
    [
        "def f(a):\n    return a\n",
        "def f(a): return a\n",
        "def f(a):\n    def g(b): return b\n    return g(a)\n",
        "import os\n\n\ndef f(a):\n    return os.path\n",
        "# Twice.\ndef f(a):\n    return a + a\n",
        "@cache\ndef f(a):\n    return a\n",
        "class A:\n    x = 1\n\n    def f(self): return 1\n",
        "def f(a):\n    return (a\n\n\ndef g(b):\n    return b\n",
        "def f(a\n",
        "x = 1; y = 2\nprint(x)\n",
        "",
    ],
)
def test_a_byte_order_mark_is_a_character_of_the_document_and_no_part_of_the_code(text: str) -> None:
    def found(text: str) -> list[Function]:
        return [with_nested(item) for item in find_functions(text)] + find_outside_code(text)

    without, marked = found(text), found(f"\ufeff{text}")
    assert [item.unit for item in marked] == [item.unit for item in without]
    assert [every(item, 0) for item in marked] == [every(item, 1) for item in without]
    assert find_imports(f"\ufeff{text}") == find_imports(text)


def every(function: Function, more: int) -> list[object]:
    """Its places, with so many characters more in the first line."""
    line, character = function.signature_end
    return [
        (function.name, function.line, function.solution_line, function.end_line, function.parses),
        (line, character + (more if line == 0 else 0)),
        function.solution_character + (more if function.solution_character and function.solution_line == 0 else 0),
        *(every(inner, more) for inner in function.nested),
    ]
