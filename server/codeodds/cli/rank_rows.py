"""`codeodds rank --jsonl`: rows of prompt and candidates in, rankings out, in order, one at a time.

In:  {"id": "a", "prompt": "def f(x):\\n", "candidates": ["    return x\\n", "    return 1\\n"]}
Out: {"id": "a", "ranking": [{"rank": 1, "index": 1, "probability": 0.71, "reason": null,
                              "duplicate_of": null}, {"rank": 2, "index": 0, "probability": 0.4, ...}]}
  or {"id": "a", "error": "..."}    for a row that cannot be ranked; the others are

A candidate starts where the prompt ends. Ids, other keys and blank lines are treated as by `codeodds score --jsonl`.
"""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any

from codeodds.cli.rank_report import candidate_json
from codeodds.cli.rows import Identity, identity_of, kind, parse_row, read_lines, text_of
from codeodds.errors import EngineError, RankError, RowError
from codeodds.ranking.rank import rank

if TYPE_CHECKING:
    from codeodds.cli.progress import Progress
    from codeodds.engine.api import Scorer


def rank_rows(source: IO[bytes], sink: IO[bytes], scorer: Scorer, progress: Progress) -> bool:
    """Rank every row of `source` into `sink`, flushing after each.

    Returns: True if every row was ranked.
    """
    complete = True
    for line in read_lines(source):
        result = _rank_line(line, scorer)
        failed = "error" in result
        complete = complete and not failed
        # ASCII output is valid UTF-8 whatever the reader's locale makes of it.
        sink.write(json.dumps(result, allow_nan=False).encode("ascii") + b"\n")
        sink.flush()
        progress.add(failed=failed)
    return complete


def _rank_line(line: bytes | None, scorer: Scorer) -> dict[str, object]:
    identity: Identity = None
    try:
        row = parse_row(line, "id, prompt and candidates")
        identity = identity_of(row)
        ranking = rank(scorer, text_of(row, "prompt"), _candidates(row))
    except (RowError, RankError, EngineError) as error:
        return {"id": identity, "error": str(error)}
    return {
        "id": identity,
        "ranking": [candidate_json(item, place) for place, item in enumerate(ranking.candidates, 1)],
    }


def _candidates(row: dict[str, Any]) -> list[str]:
    if "candidates" not in row:
        raise RowError('the row has no "candidates"; give it a list of strings')
    values = row["candidates"]
    if not isinstance(values, list):
        raise RowError(f'"candidates" is {kind(values)}; give it a list of strings')
    for number, value in enumerate(values):
        if not isinstance(value, str):
            raise RowError(f'"candidates" holds {kind(value)} at place {number}; give it strings alone')
    return values
