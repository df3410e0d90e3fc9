"""Streams that are closed, full or abandoned, and runs that are cut short: what was done is not lost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.process import SLOW_RUN, fake, in_shell

ROW = '{"id": 1, "prompt": "", "completion": "x = 1"}\n'
TEXT = "def f(x):\n    y = x + 1\n    return y\n\n\ndef g(x):\n    y = x + BUG\n    return y\n"

COMMANDS: dict[str, list[str]] = {
    "score": ["score", "a.py"],
    "score --json": ["score", "--json", "a.py"],
    "score --jsonl": ["score", "--jsonl", "rows.jsonl"],
    "rank": ["rank", "a.py", "--function", "f", "--candidates", "bodies.jsonl"],
    "rank --json": ["rank", "a.py", "--function", "f", "--candidates", "bodies.jsonl", "--json"],
    "rank --jsonl": ["rank", "--jsonl", "ranks.jsonl"],
    "help": ["--help"],
    "version": ["--version"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.py").write_text(TEXT)
    (tmp_path / "rows.jsonl").write_text(ROW)
    (tmp_path / "bodies.jsonl").write_text('"return x"\n')
    (tmp_path / "ranks.jsonl").write_text('{"id": 1, "prompt": "def f(x):\\n", "candidates": ["    return x"]}\n')
    return tmp_path


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_a_closed_stdout_is_one_line_before_anything_is_done(folder: Path, arguments: list[str]) -> None:
    done = in_shell(">&-", *arguments, cwd=folder)
    assert (done.returncode, done.stderr.decode()) == (
        2,
        "codeodds: error: stdout is closed, so the output has no place to go; leave out >&- or write > FILE\n",
    )


DEAF = {"closed": "2>&-", "full": "2>/dev/full", "closed, with stdin": "2>&- <&-", "for reading alone": "2</dev/null"}


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_nothing_depends_on_stderr(folder: Path, arguments: list[str]) -> None:
    expected = in_shell("", *arguments, cwd=folder)
    assert expected.stdout != b""
    for redirection in DEAF.values():
        done = in_shell(redirection, *arguments, cwd=folder)
        assert (done.returncode, done.stdout) == (0, expected.stdout), redirection


@pytest.mark.parametrize("redirection", DEAF.values(), ids=DEAF)
def test_errors_that_nobody_can_read_are_in_the_status(folder: Path, redirection: str) -> None:
    done = in_shell(redirection, "score", "a.py", "no.py", cwd=folder)
    assert done.returncode == 1
    assert b"0.30" in done.stdout
    assert in_shell(redirection, "score", "--unknown", cwd=folder).returncode == 2


@pytest.mark.parametrize("arguments", [["score", "--jsonl", "-"], ["rank", "--jsonl", "-"], ["serve"]], ids=" ".join)
def test_a_closed_stdin_is_one_line(folder: Path, arguments: list[str]) -> None:
    done = in_shell("<&-", *arguments, cwd=folder)
    assert (done.returncode, done.stdout, done.stderr.decode()) == (
        2,
        b"",
        "codeodds: error: stdin is closed, so there is nothing to read; leave out <&- or name a file\n",
    )


@pytest.mark.parametrize("redirection", [">&- 2>&-", "<&- >&- 2>&-"])
def test_with_all_closed_the_status_is_left(folder: Path, redirection: str) -> None:
    assert in_shell(redirection, "score", "a.py", cwd=folder).returncode == 2


def test_no_file_takes_the_place_of_a_closed_stream(folder: Path) -> None:
    """What is written to the stream would go into it."""
    before = {path: path.read_bytes() for path in folder.iterdir()}
    for redirection in ("<&-", ">&-", "2>&-", "<&- 2>&-"):
        in_shell(redirection, "score", "a.py", "no.py", cwd=folder)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("arguments", [COMMANDS[name] for name in ("score", "score --json", "rank", "rank --json")])
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_an_encoding_that_lacks_characters_loses_no_row(folder: Path, arguments: list[str], encoding: str) -> None:
    (folder / "a.py").write_text("def f(x):\n    größe = x + BUG  # 例\n    return größe\n", "utf-8")
    (folder / "bodies.jsonl").write_text('"größe = x + BUG\\nreturn größe  # 例"\n', "utf-8")
    command = ["env", f"PYTHONIOENCODING={encoding}", *fake(*arguments)]
    done = subprocess.run(command, capture_output=True, check=False, cwd=folder)
    assert (done.returncode, done.stderr) == (0, b"")
    # JSON is UTF-8 whatever the stream's encoding is.
    shown = done.stdout.decode("utf-8" if "--json" in arguments else encoding)
    assert "0.3" in shown
    if arguments == ["score", "--json", "a.py"] or (arguments == ["score", "a.py"] and encoding != "ascii"):
        assert "größe = x + BUG" in shown


MANY = "".join(f"def f{number}(x):\n    y = x + 1\n    return y\n\n\n" for number in range(2000))


@pytest.mark.parametrize("arguments", [["score", "many.py"], ["score", "--json", "many.py"]], ids=" ".join)
def test_a_reader_that_goes_away_is_met_with_silence(folder: Path, arguments: list[str]) -> None:
    (folder / "many.py").write_text(MANY)
    process = subprocess.Popen(fake(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(100)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 1


def cut_short(folder: Path, number: signal.Signals, *arguments: str) -> tuple[int, str, str]:
    """Send the signal at the function at which the model stands still. Returns: status, stdout, stderr."""
    (folder / "b.py").write_text("def h(x):\n    y = x\n    return y\n\n\ndef i(x):\n    WAIT\n    return x\n")
    command = [sys.executable, "-c", SLOW_RUN, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder, text=True)
    assert process.stderr is not None
    while "waiting" not in process.stderr.readline():
        pass
    process.send_signal(number)
    out, err = process.communicate()
    return process.returncode, out, err


ENDINGS = {"Ctrl-C": (signal.SIGINT, 130), "terminated": (signal.SIGTERM, 143), "hung up": (signal.SIGHUP, 129)}
SAYS = "codeodds: interrupted; the output holds what was scored by then\n"


@pytest.mark.parametrize(("number", "expected"), ENDINGS.values(), ids=ENDINGS)
def test_json_of_a_run_that_is_cut_short_is_whole(folder: Path, number: signal.Signals, expected: int) -> None:
    status, out, err = cut_short(folder, number, "score", "--json", "a.py", "b.py", "c.py")
    assert (status, err) == (expected, SAYS)
    document: dict[str, Any] = json.loads(out)
    assert document["complete"] is False
    assert [(file["path"], [f["name"] for f in file["functions"]]) for file in document["files"]] == [
        ("a.py", ["f", "g"]),
        ("b.py", ["h"]),
    ]
    assert [file["error"] for file in document["files"]] == [
        None,
        "the run was ended before its other functions were scored; run the command again",
    ]


@pytest.mark.parametrize(("number", "expected"), ENDINGS.values(), ids=ENDINGS)
def test_the_table_of_a_run_that_is_cut_short_has_what_was_scored(
    folder: Path, number: signal.Signals, expected: int
) -> None:
    status, out, err = cut_short(folder, number, "score", "a.py", "b.py")
    assert (status, err) == (expected, SAYS)
    assert [line.split()[2] for line in out.split("\n\n")[0].splitlines()[1:]] == ["a.py:6", "a.py:1", "b.py:1"]
    assert "3 functions in 2 files, 0.30 to 0.90; 1 below 0.50, the model's threshold." in out


def test_each_function_is_in_the_json_as_soon_as_it_is_scored(folder: Path) -> None:
    """A process that is killed at once can close nothing; the lines are there."""
    status, out, _ = cut_short(folder, signal.SIGKILL, "score", "--json", "a.py", "b.py")
    assert status == -signal.SIGKILL
    lines = [json.loads(line.rstrip(",")) for line in out.splitlines() if line.startswith('{"name"')]
    assert [line["name"] for line in lines] == ["f", "g", "h"]


def test_a_ranking_that_is_cut_short_has_what_was_scored(folder: Path) -> None:
    bodies = [f"y = x + {number}\nreturn y" for number in range(100)]
    rows = [json.dumps(body) for body in [*bodies, "WAIT\nreturn x"]]
    (folder / "bodies.jsonl").write_text("\n".join(rows))
    arguments = ["rank", "a.py", "--function", "f", "--candidates", "bodies.jsonl", "--json"]
    status, out, err = cut_short(folder, signal.SIGINT, *arguments)
    assert (status, err) == (130, "codeodds: interrupted; the candidates that were scored by then are ranked\n")
    document = json.loads(out)
    assert document["complete"] is False
    scored = [row for row in document["ranking"] if row["probability"] is not None]
    assert len(document["ranking"]) == 101
    assert 0 < len(scored) < 101
    assert {row["reason"] for row in document["ranking"] if row["probability"] is None} == {
        "the run ended before its turn"
    }
