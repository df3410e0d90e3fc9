"""The JSON of `codeodds score --json`: one object, written as it is known, a function in each line.

Lines of files count from 1, probabilities are calibrated::

    {"model": {"name": "...", "version": "..."}, "files": [
    {"path": "a.py", "functions": [
    {"name": "C.f", "line": 3, "end_line": 9, "probability": 0.41, "reason": null,
     "drop": {"line": 6, "before": 0.72, "after": 0.41, "source": "return x"}}
    ], "error": null}
    ], "complete": true}

A file that cannot be read, or at which the engine fails, has a string in "error" and the functions up to there.
A function that is not scored has the reason in "reason" and null for "probability".
"drop" is the line that stands out, null if none does: see docs/codes.md. "complete" is false if the run was cut short:
then the object ends with what was known.
"""

from __future__ import annotations

import json
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from codeodds.cli.rows import DECIMALS

if TYPE_CHECKING:
    from codeodds.cli.interrupts import Interrupts
    from codeodds.cli.report import FunctionReport
    from codeodds.engine.api import ScorerInfo

CUT_SHORT = "the run was ended before its other functions were scored; run the command again"


class JsonReport:
    """Writes the object that the module's docstring shows; used as a context, it is ended however the run ends."""

    def __init__(self, sink: IO[bytes], info: ScorerInfo, interrupts: Interrupts) -> None:
        self._sink = sink
        self._interrupts = interrupts
        self._head = f'{{"model": {_dump({"name": info.name, "version": info.version})}, "files": ['
        self._comma = ""
        """What stands between the last item and another."""
        self._in_file = False

    def __enter__(self) -> JsonReport:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, OSError):  # The sink has failed.
            return
        with self._interrupts.held():
            rest = _file_end(CUT_SHORT) if self._in_file else ""
            self._write(f'{rest}\n], "complete": {_dump(error is None)}}}\n')

    def start_file(self, path: str) -> None:
        """The functions that follow are this file's."""
        with self._interrupts.held():
            self._write(f'{self._comma}\n{{"path": {_dump(path)}, "functions": [')
            self._comma, self._in_file = "", True

    def add(self, function: FunctionReport) -> None:
        """Write a function."""
        with self._interrupts.held():
            self._write(f"{self._comma}\n{_dump(_function_json(function))}")
            self._comma = ","

    def end_file(self, error: str | None) -> None:
        """`error`: what kept the file, or its other functions, from being scored."""
        with self._interrupts.held():
            self._write(_file_end(error))
            self._comma, self._in_file = ",", False

    def _write(self, text: str) -> None:
        # JSON is UTF-8 whatever the locale says, and a path in a message may hold what UTF-8 cannot.
        self._sink.write((self._head + text).encode("utf-8", "replace"))
        self._sink.flush()
        self._head = ""


def _file_end(error: str | None) -> str:
    return f'\n], "error": {_dump(error)}}}'


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _function_json(function: FunctionReport) -> dict[str, Any]:
    drop = function.drop
    return {
        "name": function.name,
        **({} if function.cell is None else {"cell": function.cell}),
        "line": function.line,
        "end_line": function.end_line,
        "probability": _rounded(function.probability),
        "reason": function.reason,
        "drop": drop
        and {
            "line": drop.line,
            "before": _rounded(drop.before),
            "after": _rounded(drop.after),
            "source": drop.source,
        },
    }


def _rounded(probability: float | None) -> float | None:
    return None if probability is None else round(probability, DECIMALS)
