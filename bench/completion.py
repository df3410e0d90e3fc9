"""Does the value help to order names? ``python bench/completion.py [--functions N] [--store FILE] [--threads N]``.

At places where authors of the standard library wrote a name or an attribute, Jedi's candidates are ordered as Jedi has
them, by the value, and by both, as the language server gets them (`codeodds.lsp.features.completion`): the same finder,
the same number of candidates, the same prefix. How high does the name stand that the author wrote? The order by last
use, which needs no model, stands beside. Names that are not among the candidates are counted apart.

What is known is kept in the store: a run that was killed goes on from there. Prints tables, and as its last line JSON
with the machine, the versions, the command and the figures.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from pathlib import Path
from typing import Any

from tqdm import tqdm

from codeodds.bundle.loader import default_bundle_path, load_bundle
from codeodds.completion.names import NameFinder
from codeodds.engine.api import Scorer
from codeodds.engine.scorer import open_scorer
from codeodds.engine.values import not_shown_because
from codeodds.errors import CodeoddsError
from codeodds.lsp.features.completion import MOST
from codeodds.ranking.plan import Context, Outcome, Plan
from codeodds.source.places import find_cursor
from codeodds.types import Score
from codeodds_trainer.ground.errors import TrainerError
from completion_figures import Answered, figures, table
from completion_sample import Place, sample
from run import machine, versions


def main() -> int:
    options = _options()
    bundle = options.bundle or default_bundle_path()
    start = time.perf_counter()
    try:
        loaded = load_bundle(bundle, verify_hashes=False)
        places = sample(loaded.tokenizer, options.functions)
        rows = _answer(places, open_scorer(bundle, threads=options.threads), options.store)
    except (CodeoddsError, TrainerError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    found = figures([_answered(place, rows[place.name]) for place in places])
    report = {
        "machine": machine(),
        "versions": versions() | {"jedi": _jedi_version()},
        "bundle": f"{loaded.manifest.name} {loaded.manifest.version}",
        "command": shlex.join(["python", *sys.orig_argv[1:]]),
        "seconds": round(time.perf_counter() - start),
        "figures": {"functions": len({place.function for place in places}), "parts": found},
    }
    print(table(found))
    for part, values in found.items():
        print(f"\n{part}: {values['counts']}")
        for name, gain in values.get("gains", {}).items():
            print(f"  {name:<44} {gain['value']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f})")
    print(json.dumps(report))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure whether the value orders names better than Jedi does.")
    parser.add_argument("--functions", type=int, default=100, help="functions, by a hash of their names (default: 100)")
    parser.add_argument("--store", type=Path, help="file for what is computed; a later run reads it")
    parser.add_argument("--bundle", type=Path, help="folder of the bundle; the default bundle if not given")
    parser.add_argument("--threads", type=int, default=1, help="threads of the runtime (default: 1)")
    return parser.parse_args()


def _answer(places: list[Place], scorer: Scorer, store: Path | None) -> dict[str, dict[str, Any]]:
    """What each place gets, by its name."""
    rows: dict[str, dict[str, Any]] = {}
    if store is not None and store.exists():
        # The last line may have been cut off.
        for line in store.read_text("utf-8").splitlines(keepends=True):
            if line.endswith("\n"):
                row = json.loads(line)
                rows[row["name"]] = row
    finder = NameFinder()
    for place in tqdm(places, desc="ranking", unit="place"):
        if place.name not in rows:
            rows[place.name] = {"name": place.name, **_ask(place, finder, scorer)}
            if store is not None:
                with store.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(rows[place.name]) + "\n")
    return rows


def _ask(place: Place, finder: NameFinder, scorer: Scorer) -> dict[str, Any]:
    nothing: dict[str, Any] = {"names": [], "values": [], "cut": False, "speaks": False, "text": ""}
    line, character = place.before.count("\n"), len(place.before) - place.before.rfind("\n") - 1
    cursor = find_cursor(place.before)
    try:
        found = finder.find(place.before + place.behind, (line, character), place.path, None, MOST)
    except CodeoddsError:
        return nothing
    if cursor is None or not found.names:
        return nothing
    beginning = cursor.written[: len(cursor.written) - found.typed]
    names = [name.text for name in found.names]
    plan = Plan(Context(cursor.function.unit.problem, beginning, unfinished=True), names)
    outcomes: dict[int, Outcome] = {}
    for part in plan.slices():
        outcomes.update(zip(part, scorer.score_batch(list(part.values())), strict=True))
    ranked = sorted(plan.ranking(outcomes).candidates, key=lambda candidate: candidate.index)
    speaks = any(
        isinstance(score, Score) and not_shown_because(score, scorer.info) is None for score in outcomes.values()
    )
    values = [candidate.probability for candidate in ranked]
    text = cursor.function.unit.problem + beginning
    return {"names": names, "values": values, "cut": found.more, "speaks": speaks, "text": text}


def _answered(place: Place, row: dict[str, Any]) -> Answered:
    names, values = tuple(row["names"]), tuple(row["values"])
    return Answered(place.function, place.kind, names, place.written, values, row["cut"], row["speaks"], row["text"])


def _jedi_version() -> str:
    import jedi

    return str(jedi.__version__)


if __name__ == "__main__":
    sys.exit(main())
