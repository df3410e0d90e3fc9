"""The model card: the manifest in words, for people."""

from __future__ import annotations

import re
from collections.abc import Sequence

from codeodds.bundle.manifest import Calibration, Manifest, Metric, MistakeExample, Mistakes, Slice

CARD_FILE = "README.md"

_NAMES = {
    "within_problem_auroc": "within-problem AUROC",
    "pooled_auroc": "pooled AUROC",
    "best_1_of_3": "best 1 of 3",
    "best_1_of_10": "best 1 of 10",
    "best_3_of_10": "best 3 of 10",
    "best_1_of_3_gain": "best 1 of 3, from random (0) to oracle (1)",
    "best_1_of_10_gain": "best 1 of 10, from random (0) to oracle (1)",
    "best_3_of_10_gain": "best 3 of 10, from random (0) to oracle (1)",
    "auprc_fails": "AUPRC of failing programs",
    "auprc_passes": "AUPRC of passing programs",
    "within_problem_auroc_at_25": "within-problem AUROC at 25 % of the tokens",
    "within_problem_auroc_at_50": "within-problem AUROC at 50 % of the tokens",
    "balanced_accuracy": "balanced accuracy",
    "accuracy_on_passing": "accuracy on passing programs",
    "accuracy_on_failing": "accuracy on failing programs",
    "brier": "Brier score",
    "brier_skill": "Brier skill against the base rate",
    "ece": "ECE",
    "error_rate": "error rate",
    "error_rate_at_25": "error rate, most certain 25 %",
    "error_rate_at_50": "error rate, most certain 50 %",
    "error_rate_at_75": "error rate, most certain 75 %",
    "risk_coverage_area": "area under risk-coverage",
}

RANKING = ("within_problem_auroc", "pooled_auroc", "best_1_of_3", "best_1_of_10", "best_3_of_10")
"""Figures that stand across, one line for each score."""
RANKING_EARLY = ("within_problem_auroc_at_25", "within_problem_auroc_at_50")
"""The same of prefixes."""


def render_card(manifest: Manifest) -> str:
    """Markdown, one thought per line."""
    base, graph, calibration = manifest.base, manifest.graph, manifest.calibration
    lines = [
        f"# {manifest.name} {manifest.version}",
        "",
        "A value head for Python.",
        "At every token it estimates the probability that the finished function passes its tests.",
        "",
        "## Origin",
        "",
        f"- Base model: {base.name}, licence {base.licence}, architecture {base.architecture}.",
        f"- Kept: the first {graph.layers} of {base.base_layers} layers and {graph.vocabulary:,} embedding rows; "
        "a value head replaces the language-model head.",
        f"- Weights: {graph.quantization}.",
        f"- Context: at most {manifest.max_tokens:,} tokens.",
        "- Made from:",
        *(f"  - `{source.name}` (SHA-256 `{source.sha256[:16]}…`)" for source in manifest.sources),
        *(f"- Programs by {name} were left out of training and validation." for name in manifest.left_out_generators),
        "",
        "## Probability",
        "",
        *calibration_lines(calibration),
        *(
            f"- Below {threshold.probability:.2f}: {threshold.precision:.0%} of the programs failed their tests, which "
            f"is {threshold.recall:.0%} of all that failed ({threshold.measured_on})."
            for threshold in manifest.thresholds
        ),
        "",
        "## Measured",
        "",
    ]
    if manifest.metrics:
        lines += metric_tables(manifest.metrics)
    else:
        lines += ["Nothing was measured yet: run `codeodds-train evaluate`."]
    lines += ["", "Intervals are 95 % bootstrap intervals over problems.", ""]
    if manifest.slices:
        lines += slice_lines(manifest.slices)
    if manifest.mistakes is not None:
        lines += mistake_lines(manifest.mistakes)
    lines += [
        "## Limits",
        "",
        "- A low value is an estimate, never proof of a mistake; a high one is no proof of its absence.",
        "- It was trained on short functions that answer a stated problem. "
        "Code whose purpose is not stated in signature, docstring or names gets no useful probability.",
        "- It reads one function with its imports and class header, not the rest of the project.",
        "- The probability was calibrated on such programs. Where the share of right code differs, so does its sense.",
        "",
    ]
    return "\n".join(lines)


def figure_name(name: str) -> str:
    """A figure in words for people; a name without words stays as it is."""
    return _NAMES.get(name, name)


def calibration_lines(calibration: Calibration) -> list[str]:
    """The map from logits to the probability shown, and what it was fitted on."""
    reading = f"{calibration.last:g} · v_i + {calibration.mean:g} · mean(v_1..v_i) + {calibration.bias:g}"
    maps = {
        "platt": f"Platt scaling of the logits: `sigmoid({reading})`.",
        "growing": f"Platt scaling with shrinkage, w = i / (i + {calibration.half_tokens:g}) after i tokens: "
        f"`sigmoid(w · ({reading}) + (1 - w) · {calibration.start:g})`.",
    }
    return [
        f"- {maps[calibration.method]}",
        f"- Fitted on {calibration.fitted_on} ({calibration.rows:,} programs).",
        *([f"- Log loss on problems held out, in nats: {calibration.compared}."] if calibration.compared else []),
    ]


def slice_lines(slices: list[Slice]) -> list[str]:
    """Where it fails: by kind of mistake, length and style, the worst first."""
    ordered = sorted(slices, key=lambda item: (item.about, item.auroc))
    return [
        "## Where it fails",
        "",
        "Within-problem AUROC of parts of the test programs, the worst first; 0.5 is chance.",
        "A kind of mistake is told from the text of the nearest right program, or known where the error was injected.",
        "",
        *_head(["part", "data set", "failing programs", "AUROC"]),
        *(
            _line(
                [
                    f"{item.about}: {item.name}",
                    item.dataset,
                    f"{item.failing_programs:,}",
                    _interval(item.auroc, item.low, item.high),
                ]
            )
            for item in ordered
        ),
        "",
    ]


def mistake_lines(mistakes: Mistakes) -> list[str]:
    """How it ranks injected errors, what it flags of each kind of mistake, and examples."""
    lines = []
    if mistakes.pairs:
        lines += [
            "## Right programs against injected errors",
            "",
            "The share of pairs in the right order; 0.5 is chance.",
            "",
            *_head(["error", "data set", "pairs", "in the right order"]),
        ]
        for pair in mistakes.pairs:
            name = f"{pair.kind}, equal length" if pair.equal_length else pair.kind
            lines.append(_line([name, pair.dataset, f"{pair.pairs:,}", _interval(pair.accuracy, pair.low, pair.high)]))
        lines.append("")
    if mistakes.flagged:
        lines += [
            "## What is flagged",
            "",
            "The share of the programs of a kind that it puts below a threshold; of the right programs, this is the "
            "false-positive rate.",
            "",
            *_head(["kind of mistake", "data set", "programs", "threshold", "flagged"]),
        ]
        for row in mistakes.flagged:
            share = _interval(row.share, row.low, row.high)
            lines.append(_line([row.kind, row.dataset, f"{row.programs:,}", f"{row.probability:.2f}", share]))
        lines.append("")
    return [*lines, *example_lines(mistakes.examples, "##")]


def example_lines(examples: Sequence[MistakeExample], level: str) -> list[str]:
    """Mistakes that are missed, and mistakes that are caught, as diffs."""
    lines = []
    for title, found in by_outcome(examples):
        lines += [f"{level} {title}", ""]
        for item in found:
            fence = "`" * max(3, 1 + max(map(len, re.findall("`+", item.right_line + item.wrong_line)), default=0))
            diff = [fence + "diff", f"- {item.right_line}", f"+ {item.wrong_line}", fence]
            lines += [example_words(item), "", *diff, ""]
    return lines


def by_outcome(examples: Sequence[MistakeExample]) -> list[tuple[str, list[MistakeExample]]]:
    """The missed and the caught ones, each with its heading; without an empty part."""
    parts = (
        ("Mistakes that it misses", [item for item in examples if not item.caught]),
        ("Mistakes that it catches", [item for item in examples if item.caught]),
    )
    return [part for part in parts if part[1]]


def example_words(example: MistakeExample) -> str:
    """Where it is from, its kind, and both probabilities."""
    return (
        f"{example.dataset}, {example.origin}, {example.kind}: {example.right_probability:.2f} for the right program, "
        f"{example.wrong_probability:.2f} for the other."
    )


def metric_tables(metrics: list[Metric]) -> list[str]:
    """Two Markdown tables per data set: how each score ranks, one line each; and the other figures, one line each."""
    lines = []
    for dataset in dict.fromkeys(metric.dataset for metric in metrics):
        here = {(_score(metric), metric.name): metric for metric in metrics if metric.dataset == dataset}
        ranking = [name for name in (*RANKING, *RANKING_EARLY) if any(found == name for _, found in here)]
        others = list(dict.fromkeys(name for _, name in here if name not in ranking))
        scores = list(dict.fromkeys(score for score, name in here if name in ranking))
        lines += [f"### {dataset}", ""]
        if ranking:
            lines += _head(["score", *map(figure_name, ranking)])
            lines += [_line([score, *(_cell(here.get((score, name))) for name in ranking)]) for score in scores]
            lines.append("")
        if others:
            columns = list(dict.fromkeys(score for score, name in here if name in others))
            lines += _head(["figure", *columns])
            lines += [
                _line([figure_name(name), *(_cell(here.get((column, name))) for column in columns)]) for name in others
            ]
            lines.append("")
    return lines[:-1]


def _score(metric: Metric) -> str:
    return metric.baseline or "this bundle"


def _head(cells: list[str]) -> list[str]:
    return [_line(cells), "|---" * len(cells) + "|"]


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(metric: Metric | None) -> str:
    if metric is None:
        return "-"
    return _interval(metric.value, metric.low, metric.high)


def _interval(value: float, low: float | None, high: float | None) -> str:
    return f"{value:.3f}" + ("" if low is None or high is None else f" ({low:.3f} to {high:.3f})")
