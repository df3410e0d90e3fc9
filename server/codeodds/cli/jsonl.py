"""`codeodds score --jsonl`: rows in, rows out, in order, one at a time.

In:  {"id": "a", "prompt": "def f(x):\\n", "completion": "    return x\\n"}
Out: {"id": "a", "probability": 0.71}           with --values also "values": one number per token of the completion
  or {"id": "a", "error": "..."}                for a row that cannot be scored; the others are

An id is a string or a number and comes back as it was; it is null where the row does not have a usable one.
Other keys of a row are ignored. Blank lines are passed over.
"""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any

from codeodds.cli.rows import DECIMALS, Identity, identity_of, parse_row, read_lines, text_of
from codeodds.errors import EngineError, RowError, UnitError

if TYPE_CHECKING:
    from codeodds.cli.progress import Progress
    from codeodds.engine.api import Scorer
    from codeodds.types import ScoringUnit


def score_rows(source: IO[bytes], sink: IO[bytes], scorer: Scorer, progress: Progress, *, values: bool) -> bool:
    """Score every row of `source` into `sink`, flushing after each.

    Returns: True if every row was scored.
    """
    complete = True
    for line in read_lines(source):
        result = _score_line(line, scorer, values=values)
        failed = "error" in result
        complete = complete and not failed
        # ASCII output is valid UTF-8 whatever the reader's locale makes of it.
        sink.write(json.dumps(result, allow_nan=False).encode("ascii") + b"\n")
        sink.flush()
        progress.add(failed=failed)
    return complete


def _score_line(line: bytes | None, scorer: Scorer, *, values: bool) -> dict[str, object]:
    identity: Identity = None
    try:
        row = parse_row(line, "id, prompt and completion")
        identity = identity_of(row)
        score = scorer.score(_unit(row))
    except (RowError, UnitError, EngineError) as error:
        return {"id": identity, "error": str(error)}
    result: dict[str, object] = {"id": identity, "probability": round(score.probability, DECIMALS)}
    if values:
        result["values"] = [round(value, DECIMALS) for value in score.values.tolist()]
    return result


def _unit(row: dict[str, Any]) -> ScoringUnit:
    from codeodds.types import ScoringUnit

    unit = ScoringUnit(problem=text_of(row, "prompt"), solution=text_of(row, "completion"))
    if not unit.solution:
        raise RowError('"completion" is empty; there is nothing to score')
    return unit
