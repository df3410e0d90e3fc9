"""What a data set holds, as JSON and as one page with plots and no outside resources."""

from __future__ import annotations

import base64
import html
import io
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from codeodds_trainer.data.judge.label import LabelledRow


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """One split."""

    problems: int
    mixed_problems: int
    programs: int
    distinct_programs: int
    passed: int
    verdicts: dict[str, int]
    generators: dict[str, int]


class Datasheet(msgspec.Struct, frozen=True, kw_only=True):
    """The whole data set."""

    command: str
    sources: dict[str, int]
    """Problems by benchmark."""
    licences: dict[str, int]
    splits: dict[str, Counts]
    left_out: dict[str, int]
    """Problems that are not in the set, by reason."""
    near_duplicates: int
    """Pairs of problems that nearly agree."""
    mutant_kinds: dict[str, int]


def count(rows: Sequence[LabelledRow]) -> Counts:
    """The figures of one split."""
    rollouts = [rollout for row in rows for rollout in row.rollouts]
    labels = _labels(rows)
    return Counts(
        problems=len(labels),
        mixed_problems=sum(len(set(found)) == 2 for found in labels.values()),
        programs=len(rollouts),
        distinct_programs=sum(len({rollout.completion for rollout in row.rollouts}) for row in rows),
        passed=sum(rollout.passed for rollout in rollouts),
        verdicts=dict(Counter(rollout.verdict for rollout in rollouts).most_common()),
        generators=dict(Counter({row.generator: 0 for row in rows} | _by_generator(rows)).most_common()),
    )


def render(sheet: Datasheet, rows: Sequence[LabelledRow]) -> str:
    """The page: a table of counts and four plots."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>Datasheet</title>",
        "<style>body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}"
        "table{border-collapse:collapse}td,th{padding:.2rem .8rem;text-align:right;border-bottom:1px solid #ccc}"
        "td:first-child,th:first-child{text-align:left}img{max-width:100%}</style>",
        f"<h1>Datasheet</h1><p>Made by <code>{html.escape(sheet.command)}</code></p>",
        _table(sheet),
        f"<p>{sheet.near_duplicates:,} pairs of problems nearly agree.</p>",
    ]
    for title, words, image in _plots(rows):
        parts.append(f"<h2>{title}</h2><p>{words}</p><img alt='{title}' src='data:image/png;base64,{image}'>")
    return "\n".join(parts)


def _labels(rows: Sequence[LabelledRow]) -> dict[str, list[bool]]:
    """The labels of each problem's programs, over all its rows."""
    found: dict[str, list[bool]] = {}
    for row in rows:
        found.setdefault(row.problem_id, []).extend(rollout.passed for rollout in row.rollouts)
    return found


def _by_generator(rows: Sequence[LabelledRow]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row.generator] += len(row.rollouts)
    return counts


def _table(sheet: Datasheet) -> str:
    names = ("problems", "mixed_problems", "programs", "distinct_programs", "passed")
    head = "".join(f"<th>{name.replace('_', ' ')}" for name in names)
    body = "".join(
        f"<tr><td>{html.escape(split)}" + "".join(f"<td>{getattr(counts, name):,}" for name in names)
        for split, counts in sheet.splits.items()
    )
    others = {
        "benchmarks": sheet.sources,
        "licences": sheet.licences,
        "left out": sheet.left_out,
        "mutants": sheet.mutant_kinds,
    }
    lists = "".join(
        f"<p><b>{name}</b>: " + html.escape(", ".join(f"{key or 'unnamed'} {value:,}" for key, value in items.items()))
        for name, items in others.items()
        if items
    )
    return f"<table><tr><th>split{head}{body}</table>{lists}"


def _plots(rows: Sequence[LabelledRow]) -> list[tuple[str, str, str]]:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    def image(draw: Any) -> str:
        figure, axes = pyplot.subplots(figsize=(8, 3.2), layout="constrained")
        draw(axes)
        content = io.BytesIO()
        figure.savefig(content, format="png", dpi=110)
        pyplot.close(figure)
        return base64.b64encode(content.getvalue()).decode("ascii")

    rates = [np.mean(labels) for labels in _labels(rows).values() if labels]
    lengths = {
        word: [len(rollout.completion) for row in rows for rollout in row.rollouts if rollout.passed is passed]
        for word, passed in (("passed", True), ("failed", False))
    }
    verdicts = Counter(rollout.verdict for row in rows for rollout in row.rollouts)
    places = [
        len(rollout.fork) / max(1, len(rollout.completion))
        for row in rows
        for rollout in row.rollouts
        if rollout.fork is not None
    ]

    def pass_rates(axes: Any) -> None:
        axes.hist(rates, bins=np.linspace(0, 1, 21))
        axes.set(xlabel="share of a problem's programs that pass", ylabel="problems")

    def length_histogram(axes: Any) -> None:
        most = np.quantile(lengths["passed"] + lengths["failed"], 0.99) if rates else 1
        axes.hist(list(lengths.values()), bins=np.linspace(0, most, 31), label=list(lengths))
        axes.set(xlabel="characters of a program", ylabel="programs")
        axes.legend()

    def verdict_bars(axes: Any) -> None:
        axes.barh(list(verdicts), list(verdicts.values()))
        axes.set(xlabel="programs")

    def fork_places(axes: Any) -> None:
        axes.hist(places, bins=np.linspace(0, 1, 21))
        axes.set(xlabel="place of the fork in the program (share of its characters)", ylabel="rollouts")

    plots = [
        ("Pass rates", "A problem at 0 or 1 teaches nothing about code.", image(pass_rates)),
        ("Lengths", "Where right and wrong programs differ in length, length is a baseline.", image(length_histogram)),
        ("Verdicts", "Why programs fail.", image(verdict_bars)),
    ]
    if places:
        plots.append(("Forks", "Where rollouts branch off the main one.", image(fork_places)))
    return plots


def to_json(sheet: Datasheet) -> bytes:
    """The datasheet for machines."""
    return json.dumps(msgspec.to_builtins(sheet), indent=2).encode() + b"\n"
