"""Measures ranking: ``python bench/rank.py [--bundle PATH] [--threads N] [--repeats N] [--json]``.

How much more do 10 candidates of about 100 tokens after a prefix of about 300 cost than one? Prints a table, and as its
last line JSON with the machine, the versions, the command and the figures. Run it on an idle machine.
"""

from __future__ import annotations

import argparse
import json
import random
import shlex
import statistics
import sys
import time
from pathlib import Path

from codeodds.bundle.loader import default_bundle_path, load_bundle
from codeodds.bundle.tokenization import CodeTokenizer
from codeodds.engine.scorer import OnnxScorer, open_scorer
from codeodds.errors import CodeoddsError
from codeodds.ranking.rank import rank
from codeodds.types import ScoringUnit
from function import PROBLEM, SOLUTION
from run import machine, versions

PREFIX_TOKENS, CANDIDATE_TOKENS, CANDIDATES = 300, 100, 10
TARGET = 3.0
"""Ten candidates, prefix included, cost at most so many times one."""


def main() -> int:
    options = _options()
    bundle = options.bundle or default_bundle_path()
    try:
        scorer = open_scorer(bundle, threads=options.threads)
        tokenizer = load_bundle(bundle, verify_hashes=False).tokenizer
    except CodeoddsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    assert isinstance(scorer, OnnxScorer)
    prefix = _prefix(tokenizer)
    candidates = [_candidate(tokenizer, prefix, seed) for seed in range(CANDIDATES)]
    report = {
        "machine": machine(),
        "versions": versions(),
        "bundle": f"{scorer.info.name} {scorer.info.version}",
        "threads": options.threads,
        "command": shlex.join(["python", *sys.orig_argv[1:]]),
        "figures": {
            "prefix_tokens": float(_tokens(tokenizer, prefix, "x") - 1),
            "candidate_tokens": statistics.mean(_solution_tokens(tokenizer, prefix, text) for text in candidates),
            **_times(scorer, prefix, candidates, options.repeats),
        },
    }
    if not options.json:
        print(f"{report['bundle']} on {report['machine']['cpu']}, {options.threads} threads")
        for name, value in report["figures"].items():
            print(f"{name:<32} {value:>10.1f}{f'   ≤ {TARGET:g}' if name == 'ten_over_one' else ''}")
    print(json.dumps(report))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the ranking of candidates.")
    parser.add_argument("--bundle", type=Path, help="folder of the bundle; the default bundle if not given")
    parser.add_argument("--threads", type=int, default=2, help="threads of the runtime (default: 2)")
    parser.add_argument("--repeats", type=int, default=5, help="repeats, of which the median counts (default: 5)")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    return parser.parse_args()


def _times(scorer: OnnxScorer, prefix: str, candidates: list[str], repeats: int) -> dict[str, float]:
    """Times in milliseconds; cold: nothing is cached; warm: the prefix is, as while somebody types."""
    cold: dict[int, list[float]] = {1: [], CANDIDATES: []}
    warm: dict[int, list[float]] = {1: [], CANDIDATES: []}
    single = []
    difference = 0.0
    for _ in range(repeats):
        for count in cold:
            scorer.clear_cache()
            cold[count].append(_timed(scorer, prefix, candidates[:count]))
            scorer.clear_cache()
            scorer.score(ScoringUnit(prefix, "    pass\n"))
            warm[count].append(_timed(scorer, prefix, candidates[:count]))
        scorer.clear_cache()
        start = time.perf_counter()
        alone = [scorer.score(ScoringUnit(prefix, text)).probability for text in candidates]
        single.append(1000 * (time.perf_counter() - start))
        scorer.clear_cache()
        for candidate in rank(scorer, prefix, candidates).candidates:
            assert candidate.probability is not None
            difference = max(difference, abs(candidate.probability - alone[candidate.index]))
    assert difference < 1e-5, f"a batch moved a probability by {difference}"
    one, ten = statistics.median(cold[1]), statistics.median(cold[CANDIDATES])
    warm_one, warm_ten = statistics.median(warm[1]), statistics.median(warm[CANDIDATES])
    return {
        "one_ms": one,
        "ten_ms": ten,
        "ten_over_one": ten / one,
        "one_prefix_known_ms": warm_one,
        "ten_prefix_known_ms": warm_ten,
        "ten_over_one_prefix_known": warm_ten / warm_one,
        "ten_one_after_the_other_ms": statistics.median(single),
    }


def _timed(scorer: OnnxScorer, prefix: str, candidates: list[str]) -> float:
    start = time.perf_counter()
    ranking = rank(scorer, prefix, candidates)
    elapsed = 1000 * (time.perf_counter() - start)
    assert all(candidate.probability is not None for candidate in ranking.candidates)
    return elapsed


def _prefix(tokenizer: CodeTokenizer) -> str:
    """Another function before the task, line by line until the tokens are there."""
    before = [f"{line}\n" for line in ("def earlier(flights, start, goal, max_stops):", *SOLUTION.split("\n")[:-1])]
    for count in range(1, len(before) + 1):
        prefix = "".join(before[:count]) + "\n\n" + PROBLEM
        if _tokens(tokenizer, prefix, "x") > PREFIX_TOKENS:
            return prefix
    return prefix


def _candidate(tokenizer: CodeTokenizer, prefix: str, seed: int) -> str:
    """Simple statements until the tokens are there, unlike those of other seeds from the first token on."""
    rng = random.Random(seed)
    names = ["flights", "start", "goal", "max_stops", "price", "route", "queue", "best"]
    text = f"    {names[seed % len(names)]}_{seed} = {seed}\n"
    while _solution_tokens(tokenizer, prefix, text) < CANDIDATE_TOKENS:
        left, right, target = (rng.choice(names) for _ in range(3))
        text += f"    {target} = {left} {rng.choice('+-*')} {right}[{rng.randrange(10)}]\n"
    return text


def _tokens(tokenizer: CodeTokenizer, prefix: str, text: str) -> int:
    return len(tokenizer.encode(ScoringUnit(prefix, text)).ids)


def _solution_tokens(tokenizer: CodeTokenizer, prefix: str, text: str) -> int:
    return len(tokenizer.encode(ScoringUnit(prefix, text)).offsets)


if __name__ == "__main__":
    sys.exit(main())
