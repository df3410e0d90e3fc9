"""The catalogue of edits, kind by kind, and what it reads of a unit."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.edits.catalogue import MOST, Candidates
from codeodds.edits.edit import KINDS, Edit
from codeodds.errors import CannotCompare
from codeodds.source.functions import find_functions
from codeodds.source.nested import with_nested
from codeodds.types import ScoringUnit
from tests.edits.cases import unit_of

METHOD = "class Ring:\n    def area(self, inner):\n"
ASYNC = "async def f(a, b):\n"


def results(unit: ScoringUnit, document: str = "") -> dict[str, str]:
    """What the edits make of a function's body, without its indentation, and their kinds."""
    edits = Candidates(unit, document).edits()
    return {edit.apply(unit.solution).replace("\n    ", "\n").strip(): edit.kind for edit in edits}


# Kind, body, results that must be there, results that must not.
EDITS = [
    ("boundary", "return a < b", ["return a <= b"], []),
    ("boundary", "return a >= b", ["return a > b"], []),
    ("boundary", "return a < 1 <= b", ["return a <= 1 <= b", "return a < 1 < b"], []),
    ("operator", "return a < b", ["return a > b", "return a >= b"], []),
    ("operator", "return a == b", ["return a != b", "return a >= b", "return a in b"], []),
    ("operator", "return a == None", ["return a != None"], ["return a < None", "return a is None", "return a in None"]),
    ("operator", "return a == 'x'", ["return a != 'x'", "return a in 'x'"], ["return a < 'x'", "return a is 'x'"]),
    ("operator", "return a is not b", ["return a is b", "return a != b"], []),
    ("operator", "return a  is\tnot  b", ["return a  is  b"], []),
    ("operator", "return a not in (b, n)", ["return a in (b, n)"], ["return a != (b, n)"]),
    ("operator", "return (a) + (b)", ["return (a) - (b)", "return (a) * (b)"], []),
    ("operator", "return a + 'x'", [], ["return a - 'x'", "return a * 'x'"]),
    ("operator", "return '%s' % a", [], ["return '%s' / a"]),
    ("operator", "return a // b", ["return a / b", "return a % b"], []),
    ("operator", "return a & b", ["return a | b", "return a and b"], []),
    ("operator", "return a << b", ["return a >> b"], []),
    ("operator", "return a and b and n", ["return a or b and n", "return a and b or n"], []),
    ("operator", "return (a +  # a + b\n  b)", ["return (a -  # a + b\n  b)"], ["return (a +  # a - b\n  b)"]),
    ("operator", "a += b\nreturn a", ["a -= b\nreturn a", "a = b\nreturn a"], []),
    ("operator", "a = b\nreturn -a", ["a = b\nreturn a"], []),
    ("operator", "a == b\nreturn a", ["a = b\nreturn a"], []),
    ("operator", "if a:\n  return b", ["if a is not None:\n  return b"], []),
    ("operator", "if not a:\n  return b", ["if a is None:\n  return b"], []),
    ("number", "return a + 2", ["return a + 3", "return a + 1"], []),
    ("number", "return n + 1", ["return n + 2", "return n"], ["return n + -1"]),
    ("number", "return (n + 1) * 2", ["return (n) * 2"], []),
    ("number", "return n - 1", ["return n"], []),
    ("number", "return a(-1)", ["return a(0)", "return a(1)", "return a(-2)"], ["return a(--1)"]),
    ("number", "return 0", ["return 1", "return -1"], []),
    ("number", "return 0x10", ["return 0x11", "return 0xf"], ["return 17"]),
    ("number", "return n - a", ["return n - a + 1", "return n - a - 1"], []),
    ("number", "return n <= len(a)", ["return n <= len(a) - 1", "return n + 1 <= len(a)"], []),
    ("number", "return 0.5", ["return 1.0"], []),
    ("constant", "return True", ["return False", "return None"], []),
    ("constant", "return None", ["return False"], []),
    ("constant", "return a is None", [], ["return a is False"]),
    ("keyword", "return a(b, c=True)", ["return a(b, c=False)"], []),
    ("keyword", "return a(b=None)", ["return a(b=b)"], []),
    ("keyword", "return a(x=b, y=n)", ["return a(x=n, y=b)"], []),
    ("name", "return a.x(b)", ["return b.x(b)", "return a.x(a)", "return a.x(n)"], ["return a.x(f)"]),
    ("name", "c = a\nreturn c", ["c = b\nreturn c", "c = a\nreturn a"], ["c = c\nreturn c"]),
    ("name", "return [x for x in a]", ["return [x for x in b]", "return [a for x in a]"], []),
    ("name", "return [a for x in b]", ["return [x for x in b]"], []),
    ("name", "raise TypeError(a)", [], ["raise len(a)"]),
    ("arguments", "return a(b, n)", ["return a(n, b)"], []),
    ("arguments", "return a((b), n)", ["return a((n), b)"], []),
    ("arguments", "return a(*b, n)", [], ["return a(n, *b)"]),
    ("arguments", "return isinstance(a, b)", [], ["return isinstance(b, a)"]),
    ("arguments", "return a - b", ["return b - a"], []),
    ("arguments", "return a, b", ["return b, a"], []),
    ("arguments", "return a.pop()", ["return a.pop(0)"], []),
    ("arguments", "return getattr(a, b)", ["return getattr(a, b, None)"], []),
    ("negation", "if a:\n  return b", ["if not a:\n  return b"], []),
    ("negation", "if not a:\n  return b", ["if a:\n  return b"], []),
    ("negation", "if not(a):\n  return b", ["if (a):\n  return b"], []),
    ("negation", "return [x for x in a if x]", ["return [x for x in a if not x]"], []),
    ("negation", "if a == b:\n  return b", [], ["if not a == b:\n  return b"]),
    ("negation", "return a and b", ["return not a and b", "return a and not b"], []),
    ("control", "for x in a:\n  break", ["for x in a:\n  continue", "for x in a:\n  return"], []),
    ("control", "for x in a:\n  if x:\n    return", ["for x in a:\n  if x:\n    continue"], []),
    ("control", "if a:\n  return", [], ["if a:\n  continue", "if a:\n  break"]),
    ("control", "if a:\n  n()\nif b:\n  n()", ["if a:\n  n()\nelif b:\n  n()"], []),
    ("control", "if a:\n  n()\nelse:\n  b()\nif b:\n  n()", [], ["if a:\n  n()\nelse:\n  b()\nelif b:\n  n()"]),
    ("control", "if a:\n  n()\nelif b:\n  n()", ["if a:\n  n()\nif b:\n  n()"], []),
    ("control", "while a:\n  n()", ["if a:\n  n()"], []),
    ("control", "return ValueError(a)", ["raise ValueError(a)"], []),
    ("control", "yield a", ["yield from a"], []),
    ("slice", "return a[0]", ["return a[1]", "return a[-1]"], []),
    ("slice", "return a[-1]", ["return a[0]"], []),
    ("slice", "return a[n]", ["return a[n - 1]", "return a[n + 1]"], []),
    ("slice", "return a[b]", [], ["return a[b - 1]"]),
    ("slice", "return a[1:]", ["return a[:1]", "return a[:-1]", "return a[2:]"], []),
    ("slice", "return a[:-1]", ["return a[1:]"], []),
    ("slice", "return a[:n]", ["return a[n:]", "return a[:n + 1]", "return a[:n - 1]"], []),
    ("slice", "return a[n:b]", ["return a[:b]", "return a[n:]"], []),
    ("boundary", "return range(n)", ["return range(n + 1)", "return range(n - 1)", "return range(1, n)"], []),
    ("boundary", "return range(1, n)", ["return range(n)", "return range(1, n + 1)"], []),
    ("boundary", "return range(len(a) - 1)", [], ["return range(len(a) - 1 + 1)"]),
    ("builtin", "return min(a)", ["return max(a)"], []),
    ("builtin", "return any(a)", ["return all(a)"], []),
    ("builtin", "a.append(b)", ["a.extend(b)"], []),
    ("builtin", "return a.startswith(b)", ["return a.endswith(b)"], []),
    ("builtin", "return sorted(a)", ["return reversed(a)"], []),
    ("builtin", "return a.items", [], ["return a.keys"]),
    ("string", "return a['left'] + a['right']", ["return a['right'] + a['right']"], []),
    ("string", "return a.get('left', a['right'])", ["return a.get('right', a['right'])"], []),
    ("string", "return a[b'left'] + a['right']", [], ["return a[b'right'] + a['right']"]),
    ("missing", "a.run(b)", ["return a.run(b)"], []),
    ("missing", "a.append(b)", [], ["return a.append(b)"]),
    ("missing", "return list(a)", ["return a", "list(a)"], []),
    ("missing", "return a.items", ["return a.items()"], []),
    ("missing", "ValueError(a)", ["raise ValueError(a)"], []),
    ("missing", "try:\n  a()\nexcept:\n  b()", ["try:\n  a()\nexcept Exception:\n  b()"], []),
    ("attribute", "a.x = a.y", ["a.x = a.x", "a.y = a.y"], []),
    ("attribute", "return a.x(), a.y", [], ["return a.y(), a.y"]),
    ("attribute", "return a.b.c", ["return a.c"], []),
]


@pytest.mark.parametrize(
    ("kind", "body", "present", "absent"), EDITS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_edits_of_each_kind(kind: str, body: str, present: list[str], absent: list[str]) -> None:
    found = results(unit_of(body))
    assert {text: found.get(text) for text in present} == dict.fromkeys(present, kind)
    assert [text for text in absent if text in found] == []


# Head, body, document, results that must be there.
SURROUNDINGS = [
    (ASYNC, "return a(b)", "", ["return await a(b)"]),
    (ASYNC, "return await a(b)", "", ["return a(b)"]),
    (
        METHOD,
        "  return self.outer - inner",
        "class Ring:\n  def set(self):\n    self.width = 1\n",
        ["return self.width - inner"],
    ),
    (METHOD, "  return self.inner - inner", "", ["return self.inner - self.inner", "return inner - inner"]),
    (METHOD, "  return self.run(inner)", "class Ring:\n  def rung(self):\n    pass\n", ["return self.rung(inner)"]),
    (METHOD, "  return self.run(inner)", "class Other:\n  def rung(self):\n    pass\n", []),
    ("def f(a):\n", "return first_of(a)", "def first_in(a):\n    pass\n", ["return first_in(a)"]),
    ("def f(a):\n", "return a['lft']", "x['left'] = 1\n", ["return a['left']"]),
    ("from x import url_quote, url_unquote\n\n\ndef f(a):\n", "return url_quote(a)", "", ["return url_unquote(a)"]),
    ("def f(a):\n", "return isintance(a, int)", "", ["return isinstance(a, int)"]),
    ("def f(a):\n", "return a", "this does not (parse\n\0", []),
]


@pytest.mark.parametrize(("head", "body", "document", "present"), SURROUNDINGS)
def test_edits_from_what_is_around(head: str, body: str, document: str, present: list[str]) -> None:
    found = results(unit_of(body, head), document)
    assert [text for text in present if text not in found] == []


def test_a_class_of_another_name_gives_no_methods() -> None:
    unit = unit_of("  return self.run(inner)", METHOD)
    assert "return self.rung(inner)" not in results(unit, "class Other:\n  def rung(self):\n    pass\n")


DOCUMENT = '''\
import math
if math:
    class Ring:
        @property
        def größe(self, ä, b):
            """Doc: a < b."""
            é = 'ü'; return ä < b
def nested(a, b):\tc = a < b; return c
async def outer(a):
\tdef inner(b):
\t\treturn a < b
\treturn inner
'''


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_places_are_characters_wherever_a_function_stands(newline: str) -> None:
    found = 0
    for function in find_functions(DOCUMENT):
        unit = function.unit
        unit = ScoringUnit(unit.problem.replace("\n", newline), unit.solution.replace("\n", newline))
        for edit in Candidates(unit, DOCUMENT).edits():
            if edit.kind == "boundary":
                assert unit.solution[edit.start : edit.end] == "<"
                assert edit.text == "<="
                found += 1
    assert found == 3


def test_a_function_within_a_function_is_compared_by_itself() -> None:
    (outer,) = find_functions("def outer(a):\n    x = a\n    def inner(b):\n        return b - 1\n    return inner\n")
    unit = with_nested(outer).nested[0].unit
    assert "return a - 1" in results(unit)
    assert all(0 <= edit.start <= edit.end <= len(unit.solution) for edit in Candidates(unit).edits())


def test_edits_are_distinct_in_order_and_of_known_kinds() -> None:
    body = "\n".join(f"x{number} = a[{number}] < b and n" for number in range(80))
    unit = unit_of(body)
    edits = Candidates(unit).edits()
    assert len(edits) == MOST
    assert len({edit.apply(unit.solution) for edit in edits} | {unit.solution}) == MOST + 1
    assert [edit.start for edit in edits] == sorted(edit.start for edit in edits)
    assert {edit.kind for edit in edits} <= KINDS.keys()
    assert edits == Candidates(unit).edits()


def test_f_strings_and_annotations_stay() -> None:
    unit = unit_of("x: int = 1\nreturn f'{a + 1}' + f'{b}'")
    for text in results(unit):
        assert "x: int = " in text
        assert text.endswith("f'{a + 1}' + f'{b}'") or "f'{b}'" in text
        assert "{a + 1}" in text


@pytest.mark.parametrize(
    ("unit", "message"),
    [
        (unit_of("return ("), "does not parse"),
        (unit_of("return a", head="def f(a:\n"), "does not parse"),
        (unit_of("return '\ud800'"), "does not parse"),
        (unit_of("return '\0'"), "does not parse"),
        (unit_of("return " + "(" * 500 + ")" * 500), "does not parse|nested too deeply"),
        (unit_of("return " + "-" * 20_000 + "a"), "nested too deeply|does not parse"),
        (unit_of("return '" + "x" * 70_000 + "'"), "longer than 60,000 characters"),
        (unit_of("return " + " + ".join(["a"] * 3_000)), "nested too deeply"),
        (ScoringUnit("def f():\n    'doc'\n", ""), "no body"),
        (ScoringUnit("", "x = 1\n"), "no function"),
        (ScoringUnit("class A:\n", "    x = 1\n"), "no function"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_what_cannot_be_compared_says_why(unit: ScoringUnit, message: str) -> None:
    with pytest.raises(CannotCompare, match=message):
        Candidates(unit)


def test_a_long_line_is_compared_as_well() -> None:
    unit = unit_of("return [" + ", ".join(["a", "b"] * 8_000) + "]")
    edits = Candidates(unit).edits()
    assert 0 < len(edits) <= MOST
    ast.parse(unit.problem + edits[0].apply(unit.solution))


@given(st.text("ab(", max_size=12), st.data())
def test_the_smallest_edit_names_the_result(solution: str, data: st.DataObject) -> None:
    def any_edit() -> Edit:
        start = data.draw(st.integers(0, len(solution)))
        return Edit(start, data.draw(st.integers(start, len(solution))), data.draw(st.text("ab(", max_size=3)), "model")

    one, another = any_edit(), any_edit()
    least = Edit(*one.least(solution), "model")
    assert least.apply(solution) == one.apply(solution)
    assert (one.least(solution) == another.least(solution)) == (one.apply(solution) == another.apply(solution))


def test_code_is_not_written_to_stderr() -> None:
    program = (
        "from codeodds.edits.catalogue import Candidates; from codeodds.types import ScoringUnit;"
        r"unit = ScoringUnit('def f(a):\n', '    return a is \'\\d\' or \'secret\'(a)\n');"
        "candidates = Candidates(unit); print([candidates.objection(edit) for edit in candidates.edits()] != [])"
    )
    done = subprocess.run([sys.executable, "-W", "always", "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("True\n", "")
