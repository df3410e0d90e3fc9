"""Syntax of every version of Python up to 3.15 is read, whichever Python runs the server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.source.functions import DOES_NOT_PARSE, find_functions, find_imports, unscored_because
from codeodds.source.nested import with_nested
from codeodds.source.outside import find_outside_code
from codeodds.source.parsing import does_not_parse_because
from codeodds.source.suppression import Suppression
from codeodds.source.syntax import as_known

CASES = {
    "696 def": "def first[T = int](xs: list[T]) -> T:\n    return xs[0]\n",
    "696 bound": "def first[T: (int, str) = int, *Ts = *tuple[int], **P = [int, str]](xs: list[T]) -> T:\n    return xs[0]\n",
    "696 class": "class A[T = int]:\n    def f(self, x: T) -> T:\n        return x\n",
    "696 type": "type X[T = int] = list[T]\ndef f(x):\n    return x\n",
    "695 def": "def first[T: int, *Ts, **P](xs: list[T]) -> T:\n    return xs[0]\n",
    "695 class": "class A[T](Base[T]):\n    def f(self, x: T) -> T:\n        return x\n",
    "type stmt": "def f(x):\n    type X = int\n    return x\n",
    "701 same quotes": 'def f(d):\n    return f"{d["a"]}"\n',
    "701 nested": 'def f(d):\n    return f"{f"{f"{d}"}"}"\n',
    "701 backslash": 'def f(d):\n    return f"{"\\n".join(d)}"\n',
    "701 comment": 'def f(d):\n    return f"{\n        d  # a comment }\n    }"\n',
    "701 multi": 'def f(d):\n    return f"a {\n        d\n    } b"\n',
    "701 triple": 'def f(d):\n    return f"""{d["""a"""]}"""\n',
    "758": "def f(x):\n    try:\n        return x\n    except ValueError, TypeError:\n        return 0\n",
    "758 star": "def f(x):\n    try:\n        return x\n    except* ValueError, TypeError:\n        return 0\n",
    "758 three": "def f(x):\n    try:\n        return x\n    except A.b, C, D:\n        return 0\n",
    "750": 'def f(x):\n    y = t"hello {x!r:>{10}}"\n    return y\n',
    "750 raw": 'def f(x):\n    y = rt"hello {x["a"]}" t\'b\'\n    return y\n',
    "750 upper": 'def f(x):\n    return Tr"""{x}\n"""\n',
    "646": "def f(*args: *Ts) -> None:\n    return a[*args, 1]\n",
    "654": "def f(x):\n    try:\n        return x\n    except* (A, B) as e:\n        return 0\n",
    "634": "def f(x):\n    match x:\n        case {'a': [int(b), *_], **r} | None if b:\n            return b\n        case -1+2j | A.b(c=1) as z:\n            return z\n    return 1\n",
    "798 list": "def f(x):\n    return [*y for y in x]\n",
    "798 dict": "def f(x):\n    return {**y for y in x}\n",
    "798 gen": "def f(x):\n    return g(*y for y in x)\n",
    "810": "lazy import json\nlazy from a import b\ndef f(x):\n    return json\n",
    "810 in": "def f(x):\n    y = 1\n    return y\nlazy import json\ndef g(x):\n    return x\n",
    "unpack index": "def f(x):\n    return x[*x]\n",
    "type as name": "def f(type, match, case, _):\n    type = match\n    match = type(case)\n    return type[0]\n",
    "decorated": "class A:\n    @property\n    async def f[T](self) -> T: return 1\n",
    "701 bracket in text": 'def f(d):\n    x = f"( don\'t {\n        d\n    }"\n    return x\n',
    "758 in a method": "class A:\n    def f(self):\n        try:\n            g()\n        except A, B:\n            pass\n        return 1\n",
    "696 over lines": "def first[\n    T: (int, str) = int,  # why, = not\n    U = dict[str, 'a]=b'],\n](xs: T) -> U:\n    return xs\n",
    "696 async": "async def f[T = int, *Ts = *tuple[T, ...]](x: T) -> T:\n    return await x\n",
    "696 nested": "def f(x):\n    def g[T = int](y: T) -> T:\n        return y\n    class A[T = list[int]](B[T]): pass\n    return g(x)\n",
    "798 async": "async def f(x):\n    return {**y async for y in x if y}\n",
    "798 displays": "def f(x):\n    return [*(y, 1) for y in x], {*{y} for y in x}, g(*[y] for y in x)\n",
    "798 nested": "def f(x):\n    return {**{'a': 1, **y} for y in x}\n",
}


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_functions_are_found_whole_and_as_they_were_written(text: str) -> None:
    functions = [with_nested(function) for function in find_functions(text)]
    assert functions
    lines = text.splitlines(keepends=True)
    for function in functions:
        assert function.parses
        assert unscored_because(function) is None
        body = "".join(lines[function.solution_line : function.end_line + 1])
        assert function.unit.solution == body[function.solution_character :]
        assert function.unit.problem.endswith("".join(lines[function.line : function.solution_line]))
        assert all(inner.parses for inner in function.nested)


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_candidates_in_new_syntax_are_ranked(text: str) -> None:
    assert does_not_parse_because("", text) is None
    assert does_not_parse_because("", text + "  x = 1\n") is not None


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_something_broken_elsewhere_hides_nothing(text: str) -> None:
    known = [(function.name, function.unit) for function in find_functions(text)]
    found = [function for function in find_functions(text + "\n\ndef broken(a:\n    b = [\n") if function.parses]
    assert [(function.name, function.unit) for function in found] == known


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_a_comment_can_be_put_behind_every_signature(text: str) -> None:
    suppression = Suppression(text.split("\n"))
    assert all(suppression.edit_for(function) is not None for function in find_functions(text))


def test_what_the_model_reads_is_what_was_written() -> None:
    text = "lazy import json\nlazy from a import b\n\nclass A[T = dict[str, int]](B[T]):\n    def f(self, x: T) -> T:\n        return x\n"
    (function,) = find_functions(text)
    header = "class A[T = dict[str, int]](B[T]):\n"
    imports = "lazy import json\nlazy from a import b\n"
    assert function.unit.problem == f"{imports}\n\n{header}    def f(self, x: T) -> T:\n"
    assert find_imports(text) == imports
    (broken, _) = find_functions(text + "    def g(self:\n        x = [\n")
    assert broken.unit.problem == function.unit.problem
    assert find_outside_code(imports + "x = json\n")[0].unit.problem == f"{imports}\n\n"


@pytest.mark.parametrize(
    "text",
    [
        "def f[T = int](x:\n    return x\n",
        "def f[T = (int](x):\n    return x\n",
        "def f(x):\n    return {**y for y in}\n",
        "def f(x):\n    try:\n        return x\n    except A, :\n        return y\n",
        "def f(x):\n    later return x\n",
    ],
)
def test_what_is_unfinished_or_unknown_is_called_either(text: str) -> None:
    (function,) = find_functions(text)
    assert unscored_because(function) == DOES_NOT_PARSE
    assert "yet" not in DOES_NOT_PARSE


@pytest.mark.parametrize(
    "text",
    [
        b"x = {**a, 'for': 1}\n",
        b"x = {**{'a': 1} | {b for b in c}, 'b': 1}\n",
        b"f(*a, (b for b in c)); [*a, *(b for b in c)]\n",
        b"lazy = 1\nlazy.imports\nlazy(import_)\n",
        b"type[x] = 3\nf(x=[T == 1])\nclass A(B[T], m=x): pass\n",
        b"def f(x=a[b], y=[c]): pass\n",
        b"def f[T: (a == b), U: dict[str, int]](x): pass\n",
        b"def f[T = int\n",
    ],
)
def test_nothing_else_is_rewritten(text: bytes) -> None:
    assert as_known(text) == text


@given(st.text(max_size=40) | st.text("deftypclasz [T=]{}*,for:'\"#\nimport", max_size=60))
def test_every_byte_keeps_its_place(text: str) -> None:
    source = text.encode()
    known = as_known(source)
    assert len(known) == len(source)
    assert [at for at, byte in enumerate(known) if byte == 10] == [at for at, byte in enumerate(source) if byte == 10]


def test_brackets_without_end_are_left_as_they_are() -> None:
    for text in (b"{**" * 5_000, b"def f[a=" * 5_000, b"def f[a=\n" * 5_000, b"def f[a=" + b"(" * 50_000):
        assert as_known(text) == text
