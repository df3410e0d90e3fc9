"""Which edits are objected to, and which are not."""

from __future__ import annotations

import pytest

from codeodds.edits.catalogue import Candidates
from codeodds.edits.edit import Edit
from codeodds.types import ScoringUnit
from tests.edits.cases import unit_of


def objection(before: str, after: str, head: str = "def f(a, b, n):\n", document: str = "") -> str | None:
    """What is said of one body in the place of another."""
    unit, other = unit_of(before, head), unit_of(after, head)
    return Candidates(unit, document).objection(Edit(0, len(unit.solution), other.solution, "model"))


SAME = [
    ("return a < b", "return b > a"),
    ("return a <= b", "return not a > b"),
    ("return not a == b", "return a != b"),
    ("return not a in b", "return a not in b"),
    ("return a == b", "return b == a"),
    ("return a != 1", "return 1 != a"),
    ("return a == None", "return a is None"),
    ("return n + 1", "return 1 + n"),
    ("return n + 1 - 1", "return n"),
    ("return n * a", "return a * n"),
    ("return n * 1", "return n"),
    ("return a | b", "return b | a"),
    ("return a and b", "return b and a"),
    ("return not (a and b)", "return not a or not b"),
    ("return a < b < n", "return a < b and b < n"),
    ("return len(a) > 0", "return len(a) >= 1"),
    ("return len(a) == 0", "return len(a) < 1"),
    ("n += 1\nreturn n", "n = n + 1\nreturn n"),
    ("if a:\n  return b\nelse:\n  return n", "if a:\n  return b\nreturn n"),
    ("if a:\n  return b\nelif n:\n  return n", "if a:\n  return b\nif n:\n  return n"),
    ("if not a:\n  b()\nelse:\n  n()", "if a:\n  n()\nelse:\n  b()"),
    ("if bool(a):\n  return b\nreturn None", "if bool(a):\n  return b"),
    ("return b if not a else n", "return n if a else b"),
    ("return 'a' + \"b\"", "return 'a' + 'b'"),
    ("return (a)", "return a"),
    ("return a(b, x=n, y=1)", "return a(b, y=1, x=n)"),
    ("return min(a, b)", "return min(b, a)"),
    ("return a.get(b, None)", "return a.get(b)"),
    ("return range(0, n)", "return range(n)"),
    ("return a[0:n]", "return a[:n]"),
    ("return any([x for x in a])", "return any(x for x in a)"),
    ("return a in (b, n)", "return a in [b, n]"),
    ("for x in a.keys():\n  b(x)", "for x in a:\n  b(x)"),
    ("while True:\n  a()", "while 1:\n  a()"),
    ("x: int = a\nreturn x", "x: str = a\nreturn x"),
    ("return a  # one", "return a  # two"),
    ("def g():\n  'one'\n  return a\nreturn g", "def g():\n  'two'\n  return a\nreturn g"),
    ("def g(x: int):\n  return x\nreturn g", "def g(x: str):\n  return x\nreturn g"),
    ("return -1", "return - 1"),
    ("return a", "return  a"),
]


@pytest.mark.parametrize(("before", "after"), SAME)
def test_what_means_the_same_is_not_proposed(before: str, after: str) -> None:
    assert objection(before, after) == "it means the same"
    assert objection(after, before) == "it means the same"


BROKEN = [
    ("return a", "return (a", "it does not parse"),
    ("return a", "return a\nx = = 1", "it does not parse"),
    ("return a", "return await a", "it does not compile"),
    ("for x in a:\n  break", "if a:\n  break", "it does not compile"),
    ("return a + b", "return a + c", "it leaves c undefined"),
    ("x = a\nreturn x", "y = a\nreturn x", "it leaves x undefined"),
    ("return [x for x in a]", "return [x for y in a]", "it leaves x undefined"),
    ("for x in a:\n  y = x\n  b(y)", "for x in a:\n  b(y)\n  y = x", "it reads y where that may have no value yet"),
    ("x = 1\nif a:\n  x = 2\nreturn x", "if a:\n  x = 2\nreturn x", "it reads x where that may have no value yet"),
    (
        "try:\n  x = a()\nexcept E:\n  x = b\nreturn x",
        "try:\n  x = a()\nexcept E:\n  b()\nreturn x",
        "it reads x where",
    ),
    ("del a\nreturn b", "del a\nreturn b, a", "it reads a where"),
    ("return a + b", "return a + 1", "it leaves a value of b unused"),
    ("x = a + b\nreturn x", "x = a + b\nreturn a", "it leaves a value of x unused"),
    ("x = a\nx = x + b\nreturn x", "x = a\nx = a + b\nreturn x", "it leaves a value of x unused"),
    (
        "x = 0\nfor y in a:\n  x += y\nreturn x",
        "x = 0\nfor y in a:\n  x += y\nreturn n",
        "it leaves a value of x unused",
    ),
    ("for x in a:\n  b(x)", "for x in a:\n  b(n)", "it leaves a value of x unused"),
    (
        "base, sep, name = a\nreturn base, sep, name",
        "base, sep, name = a\nreturn base, b, name",
        "it leaves a value of sep unused",
    ),
    (
        "owner, sep, name = a\nreturn owner, sep, name",
        "base, sep, name = a\nreturn owner, sep, name",
        "it leaves owner undefined",
    ),
    ("return [y for x in a if (y := b(x))]", "return [x for x in a if (y := b(x))]", "it leaves a value of y unused"),
    ("if a:\n  return b\nreturn n", "return b\nreturn n", "it leaves"),
    ("while a:\n  b()\nreturn n", "while True:\n  b()\nreturn n", "it"),
    (
        "for x in a:\n  if x:\n    continue\n  b(x)",
        "for x in a:\n  continue\n  b(x)",
        "it leaves a statement that no run reaches",
    ),
    ("if a:\n  b()\nn()", "if a:\n  b()\nraise\nn()", "it leaves a statement that no run reaches"),
    ("a = b\nreturn a", "a = a\nreturn a", "it assigns a value to itself"),
    ("return a == b", "return a == a", "it compares a value with itself"),
    ("return a and b", "return a and a", "it repeats an operand"),
    ("return a - b", "return a - a", "it applies - to one value twice"),
    ("return n(a, b)", "return n(a, a)", "it passes one value twice"),
    ("return a, b", "return a, a", "it holds one value twice"),
    ("return {a: 1, b: 2}", "return {a: 1, a: 2}", "it has one key twice"),
    ("return a if b else n", "return a if b else a", "it does the same in both branches"),
    ("if a:\n  return b", "if True:\n  return b", "it tests a constant"),
    ("assert a == 1", "assert 1 == 2", "it tests a constant"),
    ("return a and b", "return True and b", "it tests a constant"),
    ("a = b\nreturn a", "a == b\nreturn a", "it computes a value that nobody uses"),
    ("return sorted(a)", "sorted(a)", "it computes a value that nobody uses"),
    ("a.append(b)", "return a.append(b)", "it uses the result of a method that has none"),
    ("return n + 1", "return n + 0", "it computes with a number that has no effect"),
    ("n += 1\nreturn n", "n += 0\nreturn n", "it computes with a number that has no effect"),
    ("return range(1, n)", "return range(n, n)", "it passes one value twice"),
    ("return range(1)", "return range(0)", "it counts through nothing"),
    ("return a[1:n]", "return a[n:n]", "it cuts nothing out"),
    ("return len(a) > 0", "return len(a) >= 0", "it compares a length with what it never is"),
]


@pytest.mark.parametrize(("before", "after", "reason"), BROKEN)
def test_what_breaks_something_is_not_proposed(before: str, after: str, reason: str) -> None:
    said = objection(before, after)
    assert said is not None
    assert said.startswith(reason)


SOUND = [
    ("return a < b", "return a <= b"),
    ("return a < b", "return b < a"),
    ("return a + b", "return b + a"),
    ("return a - b", "return b - a"),
    ("return not a", "return a"),
    ("return a and b", "return a or b"),
    ("return range(n)", "return range(1, n)"),
    ("n = n + 1\nreturn n", "n = n - 1\nreturn n"),
    ("return a(b, n)", "return a(n, b)"),
    ("return n.get(a, b)", "return n.pop(a, b)"),
    ("a.run(b)", "return a.run(b)"),
    ("while a:\n  b()", "while True:\n  b()\n  if a:\n    break"),
    ("return 1", "return True"),
    ("return a.x == a.y", "return a.y == 1"),
    ("x = a\ndef g():\n  return x\nreturn g", "x = b\ndef g():\n  return x\nreturn g"),
    ("x = a\nreturn lambda: x", "x = b\nreturn lambda: x"),
    ("try:\n  x = a()\nfinally:\n  b()\nreturn x", "try:\n  x = a(n)\nfinally:\n  b()\nreturn x"),
    ("with suppress(E):\n  return a\nreturn b", "with suppress(E):\n  return n\nreturn b"),
    ("try:\n  return a()\nexcept E:\n  return b\nreturn n", "try:\n  return a(1)\nexcept E:\n  return b\nreturn n"),
    ("while True:\n  if a:\n    break\nreturn b", "while True:\n  if n:\n    break\nreturn b"),
    (
        "match a:\n  case 1:\n    x = b\n  case _:\n    x = n\nreturn x",
        "match a:\n  case 2:\n    x = b\n  case _:\n    x = n\nreturn x",
    ),
    ("_, x = a\nreturn x", "x, _ = a\nreturn x"),
    ("return a.x", "return a.x.y"),
    ("return locals()", "x = 1\nreturn locals()"),
    ("for x in a:\n  if x:\n    return x", "for x in a:\n  if not x:\n    return x"),
    ("for x in a:\n  if x:\n    break\nelse:\n  b()", "for x in a:\n  if x:\n    break\nelse:\n  n()"),
]


@pytest.mark.parametrize(("before", "after"), SOUND)
def test_what_may_be_meant_is_let_through(before: str, after: str) -> None:
    # Every parameter is read anyway: the cases are about the rest.
    begin = "print(a, b, n)\n"
    assert objection(begin + before, begin + after) is None


@pytest.mark.parametrize(
    ("head", "document", "said"),
    [
        ("def f(a):\n", "", "it leaves limit undefined"),
        ("def f(a):\n", "def limit():\n    pass\n", None),
        ("def f(a):\n", "try:\n    import limit\nexcept ImportError:\n    pass\n", None),
        ("def f(a):\n", "def other():\n    limit = 1\n", "it leaves limit undefined"),
        ("def f(a):\n", "limit = (\n", None),
        ("import limit\n\n\ndef f(a):\n", "", None),
        ("from x import *\n\n\ndef f(a):\n", "", None),
    ],
)
def test_a_name_of_the_module_is_defined(head: str, document: str, said: str | None) -> None:
    assert objection("return a + len(a)", "return a + limit(a)", head, document) == said


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_indentation_of_class_and_module_is_kept(newline: str) -> None:
    for head, depth in (
        ("if x:\n    def f(a, b):\n", 8),
        ("class A:\n    class B:\n        def f(a, b):\n", 12),
        ("import x\n\n    def f(a, b):\n", 8),
        ("from x import (\n    y,\n)\n\n    # why\n    @y\n    def f(a, b):\n", 8),
        ("    class A:\n        def f(a, b):\n", 12),
    ):
        indentation = " " * depth
        unit = ScoringUnit(head.replace("\n", newline), f"{indentation}if a:{newline}{indentation}  return b{newline}")
        candidates = Candidates(unit)
        at = unit.solution.index("a:")
        assert candidates.objection(Edit(at, at, "not ", "negation")) is None
        assert candidates.objection(Edit(at, at + 1, "(", "model")) is not None
        assert candidates.objection(Edit(len(unit.solution), len(unit.solution), "x = 1\n", "model")) is not None
