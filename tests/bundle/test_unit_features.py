"""What the text of a unit says of itself."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.bundle.unit_features import unit_features
from codeodds.types import ScoringUnit

PROBLEM = (
    "import os\nfrom a.b import c as d, e\nclass K:\n    # above it\n"
    '    def f(self, x, *args, y: T = 1, **kw):\n        """Add two words."""\n'
)
SOLUTION = (
    "        self.z = x + y\n        if self.q:\n            return helper(d, os.path, key=kw)\n        return ABSENT\n"
)


def test_counts_of_a_method() -> None:
    found = unit_features(ScoringUnit(PROBLEM, SOLUTION))
    assert (found.reads, found.elsewhere, found.instance_reads) == (9, 2, 1)
    assert found.stated_words == 6
    assert (found.elsewhere_share, found.instance_share) == (2 / 9, 1 / 9)
    assert found.log_stated_words == math.log(7)
    assert (found.problem_characters, found.solution_characters) == (len(PROBLEM), len(SOLUTION))


@pytest.mark.parametrize(
    "body",
    [
        "a = b = 1; (c, *d), [e] = x; return a, b, c, d, e",
        "return [i for i, (j, k) in x if j and k]",
        "for i in x: print(i)",
        "with open(x) as (a, b), open(x) as c: return a, b, c",
        "try: pass\n    except ValueError as error: raise error",
        "while (n := x): print(n)",
        "import p.q, r as s\n    from t import u as v, w\n    return p.q, s, v, w",
        "def g(a, *b, c: int = 1, **d): return a, b, c, d\n    return g",
        "class C: pass\n    return C",
        "return lambda a, b=1, *c: a + b + c",
        "match x:\n        case [a, *b] | {'k': a, **b}: return a, b\n        case int(real=r) as s: return r, s",
        "a: int = 1; a += 1; return a",
        "return x.anything.at_all(x, key=x)",
    ],
)
def test_names_that_the_unit_binds(body: str) -> None:
    found = unit_features(ScoringUnit("def f(x):\n", f"    {body}\n"))
    assert found.reads > 0
    assert found.elsewhere == 0


@pytest.mark.parametrize(
    ("body", "elsewhere"),
    [
        ("global state\n    return state", 1),
        ("raise x from Strange", 1),
        ("match x:\n        case Shape(): return 1", 1),
        ("return (one +", 1),
        ("for i in range(x", 0),
        ("if x:\n        value = other.thing(", 1),
        ("import Q.r\n    return r", 1),
        ("x.y = z", 1),
    ],
)
def test_names_from_elsewhere_also_in_half_a_function(body: str, elsewhere: int) -> None:
    assert unit_features(ScoringUnit("def f(x):\n", f"    {body}")).elsewhere == elsewhere


def test_nothing_at_all() -> None:
    found = unit_features(ScoringUnit("", ""))
    assert (found.reads, found.elsewhere_share, found.instance_share, found.log_solution_characters) == (0, 0, 0, 0)


def test_code_nested_deeper_than_the_stack() -> None:
    assert unit_features(ScoringUnit("", "x = " + "(" * 5000 + "a" + ")" * 5000)).elsewhere == 1


@given(st.integers(0, len(SOLUTION)), st.text(max_size=20))
def test_any_part_of_a_function_with_anything_behind_it(end: int, rest: str) -> None:
    found = unit_features(ScoringUnit(PROBLEM, SOLUTION[:end] + rest))
    assert 0 <= found.elsewhere <= found.reads
    assert 0 <= found.instance_reads <= found.reads
    assert found.stated_words >= 0
