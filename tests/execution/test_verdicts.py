"""Verdicts of honest programs."""

from __future__ import annotations

import pytest

from codeodds.execution.sandbox import Sandbox
from codeodds.execution.stand_ins import Session
from codeodds.execution.stdio import same_output
from codeodds.execution.verdict import Call
from tests.execution.judging import Judge


@pytest.fixture(scope="module", params=[True, False], ids=["namespace", "blocked sockets"])
def judge(request):
    with Sandbox(90, allow_namespaces=request.param) as sandbox:
        yield Judge(sandbox)


ADD = "def f(a, b):\n    return a + b\n"


@pytest.mark.parametrize(
    ("program", "verdict", "detail"),
    [
        (ADD, "pass", ""),
        ("def f(a, b):\n    return a - b\n", "wrong answer", "test 1: assert f(1, 2) == 3"),
        (
            "def f(a, b):\n    return a // (b - 2)\n",
            "runtime error",
            "test 1: ZeroDivisionError: integer division or modulo by zero (line 2)",
        ),
        ("def g(a, b):\n    return a + b\n", "runtime error", "test 1: the program does not define f"),
        ("import nowhere\n" + ADD, "runtime error", "ModuleNotFoundError: No module named 'nowhere' (line 1)"),
        ("def f(a, b)\n    return a\n", "syntax error", "SyntaxError: expected ':' (<program>, line 1)"),
        ("def f(a, b):\n    return f(a, b)\n", "runtime error", None),
        ("def f(a, b):\n    while True:\n        pass\n", "time limit", None),
        ("import time\ndef f(a, b):\n    time.sleep(60)\n", "time limit", "not finished after 3.0 s"),
        ("def f(a, b):\n    return [0] * 10**9\n", "memory limit", "MemoryError (line 2)"),
        ("raise SyntaxError('no')\n", "runtime error", "SyntaxError: no (line 1)"),
        ("def f(a, b):\n    return eval('a +')\n", "runtime error", None),
    ],
)
def test_verdicts_of_functions(judge, program, verdict, detail):
    outcome = judge.asserts(program, "assert f(1, 2) == 3", "assert f(2, 2) == 4")
    assert outcome.verdict == verdict, outcome.detail
    assert detail is None or outcome.detail == detail
    assert outcome.network == judge.sandbox.network


@pytest.mark.parametrize(
    ("program", "verdict", "detail"),
    [
        ("print(sum(map(int, input().split())))", "pass", ""),
        ("import sys\nprint(sum(int(w) for w in sys.stdin.buffer.read().split()))\nsys.exit()", "pass", ""),
        ("a, b = map(int, open(0).read().split())\nprint(f'{a + b}  \\n')", "pass", ""),
        ("if __name__ == '__main__':\n    print(sum(map(int, input().split())))", "pass", ""),
        (
            "import threading\nt = threading.Thread(target=lambda: print(sum(map(int, input().split()))))\nt.start()",
            "pass",
            "",
        ),
        ("print(3)", "wrong answer", "input 2: another output"),
        ("print(1 / 0)", "runtime error", "input 1: ZeroDivisionError: division by zero (line 1)"),
        ("print(3)\nexit(4)", "runtime error", "input 1: exit status 4"),
        ("print(", "syntax error", "input 1: SyntaxError: '(' was never closed (<program>, line 1)"),
        ("while True:\n    pass", "time limit", None),
        ("x = bytearray(10**10)", "memory limit", "input 1: MemoryError (line 1)"),
        ("while True:\n    print('y' * 1000)", "wrong answer", "input 1: more than 65,544 bytes of output"),
    ],
)
def test_verdicts_of_programs_that_print(judge, program, verdict, detail):
    outcome = judge.prints(program, ("1 2\n", "3\n"), ("2 2\n", "4"))
    assert outcome.verdict == verdict, outcome.detail
    assert detail is None or outcome.detail == detail


@pytest.mark.parametrize(
    ("program", "tests"),
    [
        ("def f(x):\n    x.sort()\n", ["x = [3, 1]\nf(x)\nassert x == [1, 3]"]),
        ("def f(g, x):\n    return g(g(x))\n", ["assert f(lambda n: n + 1, 3) == 5"]),
        ("def f(n):\n    yield from range(n)\n", ["assert list(f(600)) == list(range(600))", "assert 3 in f(4)"]),
        ("import math\ndef f(x):\n    return x * math.pi\n", ["assert math.isclose(f(1), 3.14159, rel_tol=1e-3)"]),
        ("def f(x):\n    raise KeyError(x)\n", ["try:\n    f(1)\n    assert False\nexcept KeyError:\n    pass"]),
        (
            "class Gone(ValueError):\n    pass\ndef f(x):\n    raise Gone('x')\n",
            ["try:\n    f(1)\n    assert False\nexcept Gone as e:\n    assert str(e) == 'x'"],
        ),
        (
            "class Stack:\n    def __init__(self): self.items = []\n"
            "    def push(self, x): self.items.append(x)\n"
            "    def pop(self): return self.items.pop()\n",
            ["s = Stack()", "s.push(1); s.push(2)", "assert s.pop() == 2 and s.items == [1]"],
        ),
        (
            "class P:\n    def __init__(self, x):\n        self.x = x\ndef f(x):\n    return P(x)\n",
            ["assert f(1) == P(1)", "assert f(1) != P(2)", "assert f(3).x == 3"],
        ),
        ("def f(a, *b, c=0, **d):\n    return a, b, c, d\n", ["assert f(1, 2, c=3, e=4) == (1, (2,), 3, {'e': 4})"]),
        (
            "def f(x):\n    return x\n",
            [
                "from collections import Counter, deque\nfrom decimal import Decimal\nfrom fractions import Fraction",
                "for v in [None, True, -1, 2**80, 1.5, float('inf'), 'é\\ud800', b'\\xff', (1, [2]), {1: {2, 3}}, 1j,"
                " frozenset([1]), range(3), Counter('aab'), deque([1]), Decimal('1.10'), Fraction(1, 3)]:\n"
                "    assert f(v) == v and type(f(v)) is type(v)",
            ],
        ),
        ("candidate = 5\ndef f():\n    return candidate\n", ["def check(g):\n    assert g() == 5", "check(f)"]),
        ("def bisect(x):\n    return x\n", ["assert bisect(4) == 4"]),
        ("def sum(a, b):\n    return a + b\n", ["assert sum(4, 5) == 9"]),
        ("def f(x, kind):\n    return isinstance(x, kind)\n", ["assert f(1, int) and not f(1, str)"]),
    ],
)
def test_tests_see_what_they_would_see_beside_the_program(judge, program, tests):
    outcome = judge.asserts(program, *tests)
    assert outcome.verdict == "pass", outcome.detail


@pytest.mark.parametrize(
    ("result", "expected", "verdict"),
    [
        ("(1, [2, (3,)])", [1, [2, [3]]], "pass"),
        ("0.1 + 0.2", 0.3, "pass"),
        ("1", 1.0, "pass"),
        ("{1: 2.0}", {"1": 2}, "pass"),
        ("'1'", 1, "wrong answer"),
        ("None", [], "wrong answer"),
        ("float('nan')", 0.0, "wrong answer"),
    ],
)
def test_calls_compare_what_json_can_tell(judge, result, expected, verdict):
    program = f"class Solution:\n    def f(self, x):\n        return {result}\n"
    assert judge.calls(program, "Solution.f", Call([0], [expected])).verdict == verdict


def test_tests_that_are_wrong_say_nothing_of_the_program(judge):
    outcome = judge.asserts(ADD, "assert f(1, 2) ==")
    assert outcome.verdict == "infrastructure error"
    assert outcome.detail.startswith("test 1 is not valid Python")


def test_a_package_that_tests_want_and_nobody_has_is_not_the_programs_fault(judge):
    outcome = judge.asserts(ADD, "import nowhere", "assert f(1, 2) == 3")
    assert outcome.verdict == "infrastructure error"
    assert outcome.detail == "test 1 imports what is not here: No module named 'nowhere'"
    assert judge.asserts("def f():\n    import nowhere\n", "f()").verdict == "runtime error"


def test_each_run_finds_an_empty_folder_and_a_fresh_interpreter(judge):
    program = (
        "import os, math\n"
        "def f():\n"
        "    found = os.listdir('.'), hasattr(math, 'left')\n"
        "    open('left.txt', 'w').close()\n"
        "    math.left = 1\n"
        "    return found\n"
    )
    for _ in range(2):
        assert judge.asserts(program, "assert f() == ([], False)").detail == ""


def test_the_same_program_does_the_same_in_every_sandbox():
    program = "import random\ndef f():\n    return [random.random(), hash('a'), list({'a', 'b', 'c', 'd', 'e'})]\n"
    seen = []
    for _ in range(2):
        with Sandbox(92) as sandbox, sandbox.run("calls", 1, 128) as run:
            session = Session(run.channel)
            session.load(program)
            seen.append(session.bind(["f"])["f"]())
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("printed", "expected", "equal"),
    [
        ("1 2\n3", "1 2\n3\n\n", True),
        ("1 2 \r\n3\n", "1 2\n3", True),
        ("0.3333333", "0.33333333", True),
        ("0.334", "0.333", False),
        ("1.0", "1", False),
        ("1 2", "1  2", True),
        ("12", "1 2", False),
        ("\n1", "1", False),
        ("", "\n", True),
    ],
)
def test_outputs_are_compared_like_a_contest_does(printed, expected, equal):
    assert same_output(printed, expected) is equal
