"""`codeodds score --jsonl`: one row out for each row in, whatever the row holds."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.cli import rows as rows_module
from codeodds.cli.jsonl import score_rows
from codeodds.cli.progress import Progress
from codeodds.engine.fake import FakeScorer
from tests.cli.conftest import Run

GOOD = {"id": "good", "prompt": "def f(x):\n", "completion": "    return x\n"}


def row(**changes: object) -> bytes:
    """One line; a key that is set to ... is left out."""
    merged = {**GOOD, **changes}
    return json.dumps({key: value for key, value in merged.items() if value is not ...}).encode() + b"\n"


def test_rows_come_back_in_order_with_their_ids(run: Run) -> None:
    stdin = row(id="a") + row(id=7, completion="    return BUG\n") + row(id=2.5, completion="    return DOUBT\n")
    result = run("score", "--jsonl", "-", stdin=stdin)
    assert result.status == 0
    assert result.rows == [
        {"id": "a", "probability": 0.9},
        {"id": 7, "probability": 0.3},
        {"id": 2.5, "probability": 0.7},
    ]


def test_values_are_those_at_each_token(run: Run) -> None:
    result = run("score", "--jsonl", "-", "--values", stdin=row(completion="x = BUG + 1"))
    (only,) = result.rows
    assert only["values"] == [0.9, 0.9, 0.9, 0.9, 0.3, 0.3, 0.3, 0.3, 0.3]
    assert only["probability"] == only["values"][-1]


def test_prompt_and_completion_become_problem_and_solution(run: Run, scorer: FakeScorer) -> None:
    run("score", "--jsonl", "-", stdin=row())
    assert [(unit.problem, unit.solution) for unit in scorer.calls] == [("def f(x):\n", "    return x\n")]


def test_a_file_can_be_read_instead_of_stdin(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(row())
    assert run("score", "--jsonl", path).rows == [{"id": "good", "probability": 0.9}]


BAD_ROWS: dict[str, tuple[bytes, object, str]] = {
    "not JSON": (b"{oops}\n", None, "not valid JSON"),
    "cut off": (b'{"id": "x", "prompt": "', None, "not valid JSON"),
    "an array": (b"[1, 2]\n", None, "is an array, not an object"),
    "null": (b"null\n", None, "is null, not an object"),
    "a number of 5,000 digits": (b'{"id": ' + b"9" * 5000 + b"}\n", None, "too many digits"),
    "nested 100,000 deep": (b"[" * 100_000 + b"\n", None, "nested too deeply"),
    "not UTF-8": (b'{"id": "x", "prompt": "\xff"}\n', None, "not UTF-8: byte 23"),
    "UTF-16": ('{"id": "x"}'.encode("utf-16"), None, "not UTF-8"),
    "no id": (row(id=...), None, 'no "id"'),
    "id null": (row(id=None), None, '"id" is null'),
    "id a boolean": (row(id=True), None, '"id" is a boolean'),
    "id an object": (row(id={}), None, '"id" is an object'),
    "id not finite": (b'{"id": 1e999, "prompt": "", "completion": "x"}\n', None, "not a finite number"),
    "id NaN": (b'{"id": NaN, "prompt": "", "completion": "x"}\n', None, "not a finite number"),
    "id a lone surrogate": (row(id="\ud800"), None, "lone surrogate \\ud800"),
    "no prompt": (row(prompt=...), "good", 'no "prompt"'),
    "no completion": (row(completion=...), "good", 'no "completion"'),
    "prompt null": (row(prompt=None), "good", '"prompt" is null'),
    "prompt a number": (row(prompt=3), "good", '"prompt" is a number'),
    "completion an array": (row(completion=["x"]), "good", '"completion" is an array'),
    "NUL in the prompt": (row(prompt="a\0b"), "good", '"prompt" holds a NUL character at character 1'),
    "NUL in the completion": (row(completion="\0"), "good", '"completion" holds a NUL character at character 0'),
    "a lone surrogate in the prompt": (row(prompt="ab\udfff"), "good", "lone surrogate \\udfff at character 2"),
    "a lone surrogate in the completion": (row(completion="\ud800x"), "good", "lone surrogate \\ud800 at character 0"),
    "empty completion": (row(completion=""), "good", '"completion" is empty'),
    "too long for the model": (row(completion="x " * 3000), "good", "the limit is 2000"),
}


@pytest.mark.parametrize(("line", "identity", "message"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_bad_row_has_its_error_and_the_others_are_scored(
    run: Run, line: bytes, identity: object, message: str
) -> None:
    separator = b"" if line.endswith(b"\n") else b"\n"
    result = run("score", "--jsonl", "-", stdin=row(id=1) + line + separator + row(id=2))
    first, bad, last = result.rows
    assert result.status == 1
    assert first == {"id": 1, "probability": 0.9}
    assert last == {"id": 2, "probability": 0.9}
    assert set(bad) == {"id", "error"}
    assert bad["id"] == identity
    assert message in bad["error"]
    assert "Traceback" not in result.err


def test_a_line_over_the_limit_is_refused_and_the_next_one_scored(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "MAX_LINE_BYTES", 2**20)
    long = row(completion="x" * (3 * 2**20))
    result = run("score", "--jsonl", "-", stdin=long + row(id=2) + long.rstrip())
    assert [sorted(item) for item in result.rows] == [["error", "id"], ["id", "probability"], ["error", "id"]]
    assert "longer than 1 MiB" in result.rows[0]["error"]


def test_a_line_of_exactly_the_limit_is_read(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "MAX_LINE_BYTES", len(row()) - 1)
    result = run("score", "--jsonl", "-", stdin=row() + row() + row().rstrip())
    assert [item.get("probability") for item in result.rows] == [0.9, 0.9, 0.9]


def test_blank_lines_and_a_byte_order_mark_are_passed_over(run: Run) -> None:
    result = run(
        "score", "--jsonl", "-", stdin=b"\xef\xbb\xbf" + row(id=1) + b"\n   \r\n" + row(id=2).replace(b"\n", b"\r\n")
    )
    assert [item["id"] for item in result.rows] == [1, 2]
    assert result.status == 0


def test_nothing_in_is_nothing_out(run: Run) -> None:
    result = run("score", "--jsonl", "-", stdin=b"")
    assert (result.status, result.out) == (0, "")


def test_other_keys_are_ignored_and_text_beyond_ascii_survives(run: Run) -> None:
    result = run("score", "--jsonl", "-", stdin=row(id="é\u2028😀", tests=["x"], passed=True))
    assert result.rows[0]["id"] == "é\u2028😀"
    assert result.out.isascii()


def test_progress_goes_to_stderr(run: Run) -> None:
    result = run("score", "--jsonl", "-", stdin=row() + b"{}\n")
    assert "2 rows, 1 with errors" in result.err


class FlushCounter(io.BytesIO):
    """Remembers what had been written at each flush."""

    def __init__(self) -> None:
        super().__init__()
        self.flushed: list[int] = []

    def flush(self) -> None:
        self.flushed.append(self.getvalue().count(b"\n"))


def test_each_row_is_flushed_when_it_is_scored() -> None:
    sink = FlushCounter()
    score_rows(io.BytesIO(row() * 3), sink, FakeScorer(), Progress("rows", log=False), values=False)
    assert sink.flushed == [1, 2, 3]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
rows = st.one_of(
    st.binary().map(lambda content: content.replace(b"\n", b"")),
    json_values.map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries(
        {}, optional={"id": json_values, "prompt": json_values, "completion": st.text() | json_values}
    ).map(lambda value: json.dumps(value).encode()),
)


@given(st.lists(rows, max_size=6))
def test_any_input_gives_one_valid_row_for_each_line_that_is_not_blank(lines: list[bytes]) -> None:
    sink = io.BytesIO()
    source = io.BytesIO(b"\n".join(lines))
    complete = score_rows(source, sink, FakeScorer(), Progress("rows", log=False), values=True)
    results: list[dict[str, Any]] = [json.loads(line) for line in sink.getvalue().decode("utf-8").splitlines()]
    first, *others = lines or [b""]
    assert len(results) == sum(bool(line.strip()) for line in [first.removeprefix(b"\xef\xbb\xbf"), *others])
    assert complete == all("error" not in result for result in results)
    for result in results:
        assert set(result) in ({"id", "error"}, {"id", "probability", "values"})
