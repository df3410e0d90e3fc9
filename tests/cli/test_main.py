"""The command as a process, and how it ends when something is wrong."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from codeodds import __version__
from codeodds.cli import scoring
from codeodds.errors import BundleMissing
from tests.cli.conftest import Run
from tests.cli.process import fake


def codeodds(*arguments: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "codeodds", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, check=False)


def test_version() -> None:
    done = codeodds("--version")
    assert (done.returncode, done.stdout.decode().strip()) == (0, f"codeodds {__version__}")


def test_help_lists_the_commands() -> None:
    done = codeodds("--help")
    assert done.returncode == 0
    for command in (b"score", b"serve", b"model"):
        assert command in done.stdout


def test_a_missing_bundle_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def f(x):\n    return x\n")
    done = codeodds("score", tmp_path / "a.py", "--model", tmp_path / "nowhere")
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.count(b"\n") == 1
    assert done.stderr.startswith(b"codeodds: error: ")
    assert b"nowhere" in done.stderr


def test_a_missing_bundle_is_one_line_for_model_info_too(tmp_path: Path) -> None:
    done = codeodds("model", "info", "--model", tmp_path / "nowhere")
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either FILE... or --jsonl FILE"),
        (["a.py", "--jsonl", "-"], "give either FILE... or --jsonl FILE"),
        (["a.py", "--values"], "--values needs --jsonl"),
        (["--json", "--jsonl", "-"], "--json is for files"),
        (["a.py", "--sort", "place", "--json"], "--sort is for the table"),
        (["--jsonl", "-", "--sort", "place"], "--sort is for the table"),
        (["a.py", "--sort", "name"], "'name' is not one of 'probability', 'place'"),
        (["a.py", "--threads", "0"], "'--threads': 0 is not in the range 1<=x<=64"),
        (["a.py", "--threads", "many"], "'many' is not a valid integer"),
        (["--jsonl", "nowhere.jsonl"], "--jsonl nowhere.jsonl cannot be read (No such file or directory)"),
        (["--jsonl", "."], "--jsonl . cannot be read (Is a directory)"),
        (["--unknown"], "No such option"),
    ],
)
def test_wrong_usage_says_what_is_wrong(run: Run, arguments: list[str], message: str) -> None:
    result = run("score", *arguments)
    assert result.status == 2
    assert result.out == ""
    assert message in result.err
    assert "Traceback" not in result.err


def test_an_error_of_the_bundle_ends_the_run_before_anything_is_printed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(model_path: Path | None, threads: int) -> None:
        raise BundleMissing("there is no bundle at /x; give --model")

    monkeypatch.setattr(scoring, "open_scorer", fail)
    result = run("score", "--jsonl", "-", stdin=b"{}\n")
    assert (result.status, result.out, result.err) == (
        2,
        "",
        "codeodds: error: there is no bundle at /x; give --model\n",
    )


def test_interruption_ends_with_130_and_no_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(model_path: Path | None, threads: int) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(scoring, "open_scorer", interrupt)
    # A shell that runs the tests in the background has them ignore the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        result = run("score", "--jsonl", "-")
    finally:
        signal.signal(signal.SIGINT, before)
    assert result.status == 130
    assert result.err.strip() == "codeodds: interrupted"


FAILURES: dict[str, tuple[Exception, str]] = {
    "memory": (MemoryError(), "out of memory; close other programs, or raise the limit that the shell"),
    "a library that does not fit": (
        ImportError("x.so: failed to map segment from shared object"),
        "a library that it needs cannot be loaded (x.so: failed to map segment from shared object); close other",
    ),
    "a library that is not there": (
        ModuleNotFoundError("No module named 'x'"),
        "a library that it needs cannot be loaded (No module named 'x'); install codeodds again",
    ),
}


@pytest.mark.parametrize(("failure", "message"), FAILURES.values(), ids=FAILURES)
def test_too_little_memory_is_one_line_with_advice_that_fits(
    run: Run, monkeypatch: pytest.MonkeyPatch, failure: Exception, message: str
) -> None:
    def fail(model_path: Path | None, threads: int) -> None:
        raise failure

    monkeypatch.setattr(scoring, "open_scorer", fail)
    result = run("score", "a.py")
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(f"codeodds: error: {message}")
    assert result.err.count("\n") == 1


def test_a_reader_that_goes_away_is_met_with_silence(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    row = json.dumps({"id": "x" * 1000, "prompt": "", "completion": "x"})
    rows.write_text(f"{row}\n" * 2000)
    process = subprocess.Popen(fake("score", "--jsonl", rows), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 1
    assert b"Traceback" not in errors
    assert b"BrokenPipe" not in errors


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize(
    "arguments", [["score", "a.py"], ["score", "--json", "a.py"], ["score", "--jsonl", "rows.jsonl"], ["--help"]]
)
def test_a_full_disk_is_one_line(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "a.py").write_text("def f(x):\n    return x\n")
    (tmp_path / "rows.jsonl").write_text('{"id": 1, "prompt": "", "completion": "x"}\n')
    with open("/dev/full", "wb") as full:
        done = subprocess.run(fake(*arguments), stdout=full, stderr=subprocess.PIPE, cwd=tmp_path, check=False)
    assert done.returncode == 1
    last = done.stderr.decode().splitlines()[-1]
    assert last == (
        "codeodds: error: the output cannot be written (No space left on device); "
        "make room or write it elsewhere, and run the command again"
    )
    assert b"Traceback" not in done.stderr
