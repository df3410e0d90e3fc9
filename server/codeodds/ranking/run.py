"""Ranks candidates with the help of running them, in the sandbox of `codeodds.execution`. Only on request.

`rank` runs nothing. Nothing here is imported before somebody agreed to run code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from codeodds.engine.api import Cancellation
from codeodds.errors import ExecutionError
from codeodds.execution.inputs import make_inputs
from codeodds.execution.pool import Pool
from codeodds.execution.shown import doctest_examples, entry_of
from codeodds.execution.verdict import Call, Job, Outcome
from codeodds.ranking.agreement import Observed, Place, places
from codeodds.ranking.types import Ranked, Ranking

TIME_LIMIT_S = 1.0
"""CPU seconds of a candidate up to the first call that ends it, and for an example."""

MEMORY_LIMIT_MB = 512


def observe(
    prefix: str, candidates: Sequence[str], workers: int = 1, cancellation: Cancellation | None = None
) -> list[Observed | None]:
    """Run candidates that go on from `prefix` on the same inputs, and on the examples of the docstring.

    Inputs come from the examples, the type hints and the names of the parameters that `prefix` shows, and from
    variations of these; equal prefixes get equal inputs. Equal candidates run once. None for a candidate of which
    nothing is known; all are None if `prefix` begins no function, or one without parameters.

    Raises: ExecutionError where the sandbox can't cut programs off from the machine; then nothing has run. Superseded
    when cancelled: then no process is left.
    """
    cancellation = cancellation or Cancellation()
    entry = entry_of(prefix)
    inputs = make_inputs([(prefix, entry)], prefix) if entry is not None else []
    if entry is None or not inputs:
        return [None] * len(candidates)
    calls = [Call([*arguments], [value]) for arguments, value in doctest_examples(prefix, entry.name)]
    texts = list(dict.fromkeys(candidates))
    jobs = [job for text in texts for job in _jobs(prefix + text, entry.name, inputs, calls)]
    outcomes = _outcomes(jobs, workers, cancellation)
    step = 1 + len(calls)
    found: dict[str, Observed | None] = {}
    for number, text in enumerate(texts):
        watched, *examples = outcomes[number * step : (number + 1) * step]
        unknown = watched.verdict == "infrastructure error"
        passed = tuple(outcome.passed for outcome in examples)
        found[text] = None if unknown else Observed(tuple(watched.observed or ()), passed)
    return [found[text] for text in candidates]


def _outcomes(jobs: Sequence[Job], workers: int, cancellation: Cancellation) -> list[Outcome]:
    with Pool(workers, quiet=True) as pool:
        cancellation.bind(pool.stop)
        try:
            pool.require_namespaces()
            return list(pool.judge(jobs))
        except ExecutionError:
            cancellation.raise_if_cancelled()
            raise
        finally:
            cancellation.bind(None)


def _jobs(program: str, entry_point: str, inputs: list[str], calls: Sequence[Call]) -> list[Job]:
    """The watched calls, then one job for each example."""
    bare = Job(program=program, entry_point=entry_point, time_limit_s=TIME_LIMIT_S, memory_limit_mb=MEMORY_LIMIT_MB)
    examples = [msgspec.structs.replace(bare, calls=[call]) for call in calls]
    return [msgspec.structs.replace(bare, observe=inputs), *examples]


def by_agreement(ranking: Ranking, observed: Sequence[Observed | None]) -> Ranking:
    """The same candidates in the order of `agreement.places`; those that are equal there keep their order.

    `observed`: by `Ranked.index`. Candidates that were not scored stay behind all others. A duplicate has an agreement
    of its own: what a generator writes twice counts twice. The ranking is returned as it is if nothing was observed.
    """
    if not any(one is not None for one in observed):
        return ranking
    given = sorted(ranking.candidates, key=lambda candidate: candidate.index)
    found = places(observed, [candidate.probability for candidate in given])
    placed = [_placed(candidate, found[candidate.index], observed[candidate.index]) for candidate in ranking.candidates]

    def key(candidate: Ranked) -> tuple[bool, float, float, float]:
        place = found[candidate.index]
        if candidate.probability is None or place is None:
            return True, 0.0, 0.0, 0.0
        passed, agreement, probability = place
        return False, -passed, -agreement, -probability

    return Ranking(tuple(sorted(placed, key=key)))


def _placed(candidate: Ranked, place: Place | None, one: Observed | None) -> Ranked:
    if one is None or place is None:
        return candidate
    return replace(candidate, agreement=place[1], examples_passed=one.examples_passed)
