"""Programs that try to pass without being right, or to harm the judge. None passes, and the judge goes on."""

from __future__ import annotations

import os
import socket
import time

import pytest

from codeodds.execution.sandbox import Sandbox
from tests.execution.judging import Judge

TESTS = [
    "assert f(1) == 2",
    "assert abs(f(2) - 3) < 1e-9",
    "assert math.isclose(f(3), 4)",
    "assert str(f(4)).startswith('5') and f(4) in [5] and isinstance(f(4), int)",
]
LIMITS = {"time_limit_s": 0.3, "memory_limit_mb": 128}
SECRET = "a8d2f0c4-secret-of-the-judge"

LIAR = """
class Liar:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __gt__ = __le__ = __ge__ = __contains__ = isclose = startswith = __lt__
    def __sub__(self, other): return self
    __rsub__ = __abs__ = __add__ = __radd__ = __round__ = lambda self, *_: self
    def __float__(self): return 0.0
    def __len__(self): return 1
    def __hash__(self): return hash(2)
    def __getattr__(self, name): return Liar()
    def __call__(self, *a, **k): return Liar()
"""

ATTACKS = {
    "equal to everything": LIAR + "def f(x):\n    return Liar()",
    "an int that is equal to everything": "class I(int):\n"
    "    __eq__ = __lt__ = __gt__ = lambda *_: True\n    __hash__ = int.__hash__\n"
    "def f(x):\n    return I(7)",
    "a class in the place of the function": LIAR + "class f(Liar):\n    def __init__(self, x): pass",
    "a lying module": LIAR + "math = Liar()\ndef f(x):\n    return 0",
    "another module's name": "from unittest.mock import call as math\ndef f(x):\n    return 0",
    "a lying builtin": "def abs(x): return 0\ndef isinstance(*_): return True\ndef str(x): return '5'\n"
    "def f(x):\n    return 0",
    "leaves quietly": "import os\ndef f(x):\n    os._exit(0)",
    "leaves at once": "import os\nos._exit(0)",
    "exits": "import sys\ndef f(x):\n    sys.exit(0)",
    "raises SystemExit": "raise SystemExit(0)",
    "raises what tests raise": "def f(x):\n    raise AssertionError",
    "an exception of its own": "class E(BaseException):\n    pass\ndef f(x):\n    raise E",
    "breaks builtins": "import builtins\n"
    "builtins.AssertionError = type('A', (), {})\nbuiltins.compile = builtins.exec = builtins.len = lambda *a, **k: 1\n"
    "def f(x):\n    return 0",
    "breaks the runner": "import sys\n"
    "for name, module in list(sys.modules.items()):\n"
    "    if 'judge' in name:\n"
    "        for key in list(vars(module)):\n"
    "            if key[0] != '_': setattr(module, key, lambda *a, **k: ['value', 2, []])\n"
    "def f(x):\n    return 0",
    "answers in the runner's name": "import os, json\n"
    "def forge(*message):\n"
    "    text = json.dumps(message).encode()\n"
    "    os.write(3, len(text).to_bytes(8, 'big') + text)\n"
    "for _ in range(9): forge('loaded')\n"
    "for _ in range(9): forge('names', {'f': {'kind': 'value', 'v': 1}})\n"
    "for _ in range(9): forge('value', True, [])\n"
    "def f(x):\n    return 0",
    "says that it passed": "import os\n"
    "for fd in range(64):\n"
    '    try: os.write(fd, b\'{"verdict": "pass", "passed": true}\\npass\\n\')\n'
    "    except OSError: pass\n"
    "def f(x):\n    return 0",
    "closes every file": "import os\nos.closerange(0, 64)\ndef f(x):\n    return 0",
    "forged message of great length": "import os\nos.write(3, b'\\xff' * 8)\ndef f(x):\n    return 0",
    "deep value": "def f(x):\n    a = []\n    for _ in range(100000): a = [a]\n    return a",
    "circular value": "def f(x):\n    a = []\n    a.append(a)\n    return a",
    "huge value": "def f(x):\n    return 'x' * (80 << 20)",
    "endless values": "def f(x):\n    while True: yield 2",
    "looks for the answer in memory": "import gc, sys\n"
    "def f(x):\n"
    "    texts = [o for o in gc.get_objects() if isinstance(o, str)]\n"
    "    frame = sys._getframe()\n"
    "    while frame:\n"
    "        for v in frame.f_locals.values():\n"
    "            if isinstance(v, list) and any('assert' in str(t) for t in v): return x + 1\n"
    "        frame = frame.f_back\n"
    "    return x + 1 if any('assert f' in t for t in texts) else 0",
    "looks for the answer in other processes": "import os\n"
    "def f(x):\n"
    "    for p in os.listdir('/proc'):\n"
    "        try:\n"
    "            if b'assert' in open(f'/proc/{p}/mem', 'rb').read(1 << 20): return x + 1\n"
    "        except (OSError, ValueError): pass\n"
    "    return 0",
    "sends signals to its parents": "import os, signal\n"
    "for pid in [os.getppid(), 0, -1, *range(2, 400)]:\n"
    "    try: os.kill(pid, signal.SIGKILL)\n"
    "    except OSError: pass\n"
    "def f(x):\n    return 0",
    "stops itself": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\ndef f(x):\n    return 0",
    "fork bomb": "import os\nwhile True:\n    os.fork()",
    "threads without end": "import threading, time\n"
    "while True:\n    threading.Thread(target=time.sleep, args=[60]).start()",
    "memory bomb": "a = []\nwhile True:\n    a.append(bytearray(1 << 24))",
    "disk bomb": "i = 0\nwhile True:\n    i += 1\n    open(str(i), 'wb').write(bytes(1 << 24))",
    "output without end": "while True:\n    print('x' * 100000)",
    "crashes": "import sys\nsys.setrecursionlimit(10**9)\ndef f(x):\n    return f(x)",
    "native code": "import ctypes\ndef f(x):\n    return ctypes.string_at(0)",
    "outlives its end": "import os, time\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n    os.fork()\n    time.sleep(3)\n"
    "def f(x):\n    return 0",
    "ignores its limits": "import resource, signal\n"
    "signal.signal(signal.SIGXCPU, signal.SIG_IGN)\n"
    "try: resource.setrlimit(resource.RLIMIT_CPU, (-1, -1))\nexcept (ValueError, OSError): pass\n"
    "def f(x):\n    while True: pass",
}


@pytest.fixture(scope="module", params=[True, False], ids=["namespace", "blocked sockets"])
def judge(request):
    with Sandbox(91, allow_namespaces=request.param) as sandbox:
        yield Judge(sandbox)


@pytest.mark.parametrize("name", ATTACKS)
def test_no_attack_passes_and_the_judge_goes_on(judge, name):
    program = "import math\n" + ATTACKS[name] + "\n"
    outcome = judge.asserts(program, *TESTS, **LIMITS)
    assert outcome.verdict not in ("pass", "infrastructure error"), outcome.detail
    # The later tests may be easier to deceive. What met a limit does so each time.
    for test in TESTS if outcome.verdict not in ("time limit", "memory limit") else []:
        assert judge.asserts(program, test, **LIMITS).verdict not in ("pass", "infrastructure error"), test
    honest = judge.asserts("import math\ndef f(x):\n    return x + 1\n", *TESTS)
    assert honest.verdict == "pass", honest.detail


@pytest.mark.parametrize("name", ATTACKS)
def test_no_attack_prints_what_is_expected(judge, name):
    program = "import math\n" + ATTACKS[name] + "\nprint(f(int(input())))\n"
    outcome = judge.prints(program, ("1\n", "2\n"), ("5\n", "6\n"), **LIMITS)
    assert outcome.verdict not in ("pass", "infrastructure error"), outcome.detail
    assert judge.prints("print(int(input()) + 1)", ("1\n", "2\n")).verdict == "pass"


def test_the_tests_cannot_be_read_from_the_disk(judge, tmp_path_factory):
    folder = tmp_path_factory.mktemp("open")
    for part in (folder, *folder.parents[:-2]):
        part.chmod(0o755)
    (folder / "tests.jsonl").write_text(SECRET)
    program = (
        "import os\n"
        "def f():\n"
        f"    try: return open({str(folder / 'tests.jsonl')!r}).read()\n"
        "    except OSError: pass\n"
        "    for place, _, names in os.walk('/'):\n"
        "        if 'tests.jsonl' in names: return place\n"
        "    return None\n"
    )
    assert judge.asserts(program, "assert f() is None", time_limit_s=10).detail == ""


@pytest.mark.loopback
def test_there_is_no_network(judge):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        program = (
            "import socket\n"
            "def f():\n"
            f"    try: socket.socket().connect(('127.0.0.1', {port}))\n"
            "    except OSError as error: return type(error).__name__\n"
            "    return 'connected'\n"
        )
        outcome = judge.asserts(program, "assert f() == 0, 0", "raise SystemError")
        assert outcome.verdict == "wrong answer"
        expected = "OSError" if judge.sandbox.network == "namespace" else "PermissionError"
        assert judge.asserts(program, f"assert f() == {expected!r}").verdict == "pass"


def test_nobody_special_runs_the_program(judge):
    program = "import os\ndef f():\n    return os.getuid(), os.getgid(), os.getgroups()\n"
    uid = 61_091 if os.geteuid() == 0 else os.getuid()
    assert judge.asserts(program, f"assert f()[0] in ({uid}, 65534)").detail == ""


def test_nothing_is_left_running(judge):
    mark = f"left-running-{time.time_ns()}"
    program = (
        "import os, sys, time\n"
        "def f():\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        f"        os.execv(sys.executable, [sys.executable, '-c', 'import time; time.sleep(20)', {mark!r}])\n"
        "    return 1\n"
    )
    judge.asserts(program, "assert f() == 1")
    running = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/cmdline") as file:
                    running.append(file.read())
            except OSError:
                continue
    assert not [command for command in running if mark in command]
