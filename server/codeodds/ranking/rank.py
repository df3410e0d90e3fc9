"""The ranking of candidates, for programs::

from codeodds.engine.scorer import open_scorer
from codeodds.ranking.rank import rank

ranking = rank(open_scorer(), "def double(x):\\n", ["    return x + x\\n", "    return x\\n"])
print(ranking.best.text, ranking.best.probability)
"""

from __future__ import annotations

from collections.abc import Sequence

from codeodds.engine.api import Cancellation, Scorer
from codeodds.ranking.plan import Context, Outcome, Plan
from codeodds.ranking.types import Ranking


def rank(
    scorer: Scorer,
    prefix: str | Context,
    candidates: Sequence[str],
    cancellation: Cancellation | None = None,
) -> Ranking:
    """Rank ways to go on from `prefix`, the most probable first.

    `prefix`: everything before the candidates: imports, signature, docstring; a `Context` where a part of the solution
    stands already. The prefix runs through the model once, the candidates as padded batches behind it.

    Candidates that cannot be scored are in the ranking too, with a reason. Values are the model's estimates.

    Raises: RankError for no candidates or too many; Superseded when cancelled; EngineError if the runtime fails.
    """
    context = Context(prefix) if isinstance(prefix, str) else prefix
    plan = Plan(context, candidates)
    outcomes: dict[int, Outcome] = {}
    for part in plan.slices():
        found = scorer.score_batch(list(part.values()), cancellation)
        outcomes.update(zip(part, found, strict=True))
    return plan.ranking(outcomes)
