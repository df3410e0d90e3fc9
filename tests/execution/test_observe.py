"""Watched calls: what a program does becomes marks that can be compared, made outside the sandbox."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.execution.observe import canonical
from codeodds.execution.pool import Pool, is_borderline
from codeodds.execution.sandbox import Sandbox
from codeodds.execution.verdict import Call, Job, Outcome
from tests.execution.judging import Judge


@pytest.fixture(scope="module", params=[True, False], ids=["namespace", "blocked sockets"])
def judge(request):
    with Sandbox(93, allow_namespaces=request.param) as sandbox:
        yield Judge(sandbox)


def marks(judge, program, *arguments, entry_point="f"):
    outcome = judge.observes(program, entry_point, *arguments)
    assert outcome.verdict == "pass", outcome.detail
    return outcome.observed


def body(expression):
    return f"def f(x):\n    return {expression}\n"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x", "x + 0.0"),
        ("0.1 + 0.2", "0.3"),
        ("True", "1"),
        ("{3, 1, 2}", "{2, 3, 1}"),
        ("{1: 2, 3: 4}", "{3: 4, 1: 2}"),
        ("[1, 2]", "list(range(1, 3))"),
        ("(i for i in range(3))", "map(int, '012')"),
        ("1e-17", "0"),
    ],
)
def test_equal_values_have_equal_marks(judge, one, other):
    assert marks(judge, body(one), "(2,)") == marks(judge, body(other), "(2,)")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[1, 2]", "(1, 2)"),
        ("'1'", "1"),
        ("None", "0"),
        ("''", "[]"),
        ("[1, 2]", "[2, 1]"),
        ("0.3", "0.31"),
        ("'a'", "b'a'"),
        ("[[1], 2]", "[[1, 2]]"),
        ("['1, 2']", "['1', '2']"),
        ("(i for i in range(3))", "(i for i in range(4))"),
        ("lambda: 1", "'function'"),
    ],
)
def test_different_values_have_different_marks(judge, one, other):
    assert marks(judge, body(one), "(2,)") != marks(judge, body(other), "(2,)")


def test_a_value_is_a_digest_and_an_exception_its_builtin_type(judge):
    program = "class Own(KeyError):\n    pass\ndef f(x):\n    if x == 3:\n        raise Own('=0')\n    return 6 // x\n"
    value, error, own = marks(judge, program, "(2,)", "(0,)", "(3,)")
    assert value.startswith("=")
    assert len(value) == 17
    assert [error, own] == ["!ZeroDivisionError", "!KeyError"]


def test_a_function_that_returns_nothing_is_known_by_what_it_leaves_in_its_arguments(judge):
    inplace = marks(judge, "def f(x):\n    x.sort()\n", "([2, 1],)", "([1, 2],)")
    assert inplace[0] == inplace[1]
    assert inplace == marks(judge, "def f(x):\n    x[:] = [min(x), max(x)]\n", "([2, 1],)", "([1, 2],)")
    assert inplace[0] != marks(judge, "def f(x):\n    pass\n", "([2, 1],)")[0]


def test_an_argument_changed_by_one_call_is_fresh_in_the_next(judge):
    first, second = marks(judge, "def f(x):\n    return x.pop()\n", "([1, 2],)", "([1, 2],)")
    assert first == second


def test_tuples_sets_and_bytes_arrive_as_what_they_are(judge):
    program = "def f(*x):\n    return [type(v).__name__ for v in x]\n"
    expected = marks(judge, "def f(*x):\n    return ['tuple', 'set', 'bytes', 'dict']\n", "()")
    assert marks(judge, program, "((1,), {1}, b'a', {1: 2})") == expected


@pytest.mark.parametrize(
    ("stop", "mark"),
    [
        ("while True: pass", "!time limit"),
        ("import os; os._exit(0)", "!runtime error"),
        ("raise SystemExit(0)", "!runtime error"),
        ("import os; os.abort()", "!runtime error"),
        ("return [0] * 10**10", "!memory limit"),
        ("import os; os.write(3, b'\\xff' * 8); return 1", "!runtime error"),
    ],
)
def test_a_call_that_ends_the_process_does_not_lose_the_others(judge, stop, mark):
    program = f"def f(x):\n    if x == 1:\n        {stop}\n    return x\n"
    honest = marks(judge, body("x"), "(0,)", "(1,)", "(2,)")
    assert marks(judge, program, "(0,)", "(1,)", "(2,)") == [honest[0], mark, honest[2]]


def test_a_program_that_ends_every_call_is_given_up(judge):
    found = marks(judge, "import os\ndef f(x):\n    os._exit(1)\n", *["(1,)"] * 6)
    assert found == ["!runtime error"] * 3 + ["!not run"] * 3


@pytest.mark.parametrize(
    ("program", "verdict"),
    [
        ("def f(x:\n    return 1\n", "syntax error"),
        ("def g(x):\n    return 1\n", "runtime error"),
        ("import nowhere\n" + body("1"), "runtime error"),
        ("while True: pass\n", "time limit"),
        ("import os\nos._exit(0)\n", "runtime error"),
    ],
)
def test_a_program_without_anything_to_call_has_no_marks(judge, program, verdict):
    outcome = judge.observes(program, "f", "(1,)")
    assert (outcome.verdict, outcome.observed) == (verdict, [])


@pytest.mark.parametrize(
    "odd",
    [
        "[a.append(a) for a in [[]]] and (lambda a: (a.append(a), a)[1])([])",
        "__import__('functools').reduce(lambda a, _: [a], range(500), 0)",
        "'x' * (80 << 20)",
        "type('Liar', (), {'__eq__': lambda *_: True, '__hash__': lambda s: 1, '__repr__': lambda s: 1 / 0})()",
        "type('Deep', (), {'__getattr__': lambda s, n: type(s)()})()",
        "(lambda c: [setattr(c, 'self', c), c][1])(type('Loop', (), {})())",
        "iter(int, 1)",
        "open('/dev/null')",
    ],
)
def test_odd_results_get_some_mark_and_the_judge_goes_on(judge, odd):
    outcome = judge.observes(body(odd), "f", "(1,)", "(2,)")
    assert outcome.verdict == "pass"
    assert len(outcome.observed) == 2
    assert all(mark[0] in "=!" and len(mark) < 40 for mark in outcome.observed)
    assert judge.asserts(body("x"), "assert f(1) == 1").passed


def test_random_programs_do_the_same_each_time(judge):
    program = "import random\ndef f(x):\n    return [random.random(), hash('a'), list({'a', 'b', 'c'})]\n"
    assert marks(judge, program, "(1,)", "(1,)") == marks(judge, program, "(1,)", "(1,)")


def test_a_method_is_called_on_a_fresh_object(judge):
    program = (
        "class Solution:\n    def f(self, x):\n        self.y = getattr(self, 'y', 0) + x\n        return self.y\n"
    )
    first, second = marks(judge, program, "(1,)", "(1,)", entry_point="Solution.f")
    assert first == second


def test_arguments_that_are_no_literal_are_the_jobs_fault(judge):
    for arguments in ("(open('x'),)", "[1]", "(1"):
        assert judge.observes(body("x"), "f", arguments).verdict == "infrastructure error"


def test_other_jobs_have_nothing_observed(judge):
    assert judge.asserts(body("x"), "assert f(1) == 1").observed is None
    assert judge.calls(body("x"), "f", Call([1], [1])).observed is None


def test_watched_jobs_go_through_worker_processes():
    jobs = [
        Job(program=body(text), entry_point="f", observe=["(1,)"], time_limit_s=1.0) for text in ("x", "1", "x + 1")
    ]
    with Pool(1) as pool:
        same, also, other = [outcome.observed for outcome in pool.judge(jobs)]
    assert same == also != other


@pytest.mark.parametrize(
    ("observed", "cpu_s", "again"),
    [(["=1", "!time limit"], 1.0, False), (["!time limit"], 0.2, True), (["=1"], 0.2, False), (["=1"], 0.9, False)],
)
def test_only_calls_that_the_clock_alone_ended_are_watched_again(observed, cpu_s, again):
    job = Job(program="", entry_point="f", observe=["()"] * len(observed), time_limit_s=1.0)
    outcome = Outcome(verdict="pass", observed=observed, cpu_s=cpu_s, seconds=5.0)
    assert is_borderline(job, outcome) is again


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=8,
)


@given(PLAIN, PLAIN)
def test_canonical_texts_agree_exactly_where_values_are_equal(one, other):
    assert (canonical(one) == canonical(other)) == (one == other)


@given(PLAIN)
def test_a_value_read_again_has_the_same_text(value):
    assert canonical(value) == canonical(eval(repr(value)))
