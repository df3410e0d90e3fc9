"""The model card: what a bundle is for, how good it is and where it ends, on one page for people."""

from __future__ import annotations

from codeodds.bundle.evaluation import EVALUATION_FILE, RIGHT_PROGRAMS, Evaluation, Metric
from codeodds.bundle.manifest import Calibration, Manifest

CARD_FILE = "README.md"

CHANCE = ("random", "oracle")
"""Scores of metrics that are no baseline: they choose at random, and with hindsight."""

EXPLANATIONS = (
    "All problems are held out: neither training nor calibration saw them.",
    "Intervals are 95 % bootstrap intervals over problems.",
    "Within-problem AUROC: how often a program that passes scores above one of the same problem that fails; 0.5 is "
    "chance.",
    "Best 1 of 3: how often the program that is put first, of three for one problem, passes.",
    "Brier skill: 0 is as good as always stating the base rate, 1 is perfect.",
    "ECE: how far probabilities lie from the share that passes, on average.",
)


def render_card(manifest: Manifest, evaluation: Evaluation | None) -> str:
    """Markdown, one thought per line."""
    lines = [
        f"# {manifest.name} {manifest.version}",
        "",
        "A value head for Python.",
        "At every token it estimates the probability that the finished function passes its tests.",
        "",
        "## Intended use",
        "",
        "- Point at functions that deserve a second look, while they are being written.",
        "- Put several versions of one function in order, the most probable first.",
        "- Not for: deciding that code is right or wrong, replacing tests or review, rating people.",
        "",
        "## Model",
        "",
        *_model_lines(manifest),
        *calibration_lines(manifest.calibration),
        "",
        "## Figures",
        "",
        *_figure_lines(evaluation),
        "",
        "## Thresholds",
        "",
        *_threshold_lines(manifest),
        "",
        "## Limits",
        "",
        "- A low value is an estimate, never proof of a mistake; a high one is no proof of its absence.",
        "- It was trained on short functions that answer a stated problem. "
        "Code whose purpose is not stated in signature, docstring or names gets no useful probability.",
        "- It reads one function with its imports and class header, not the rest of the project.",
        "- The probability was calibrated on such programs. Where the share of right code differs, so does its sense.",
        "",
        "## Licence",
        "",
        f"The weights are derived from {manifest.base.name}, whose licence is {manifest.base.licence}.",
        "`NOTICE` of codeodds names what the default model was made from; keep the notices when you pass a model on.",
        "",
    ]
    return "\n".join(lines)


def calibration_lines(calibration: Calibration) -> list[str]:
    """The map from logits to the probability shown, and what it was fitted on."""
    reading = f"{calibration.last:g} · v_i + {calibration.mean:g} · mean(v_1..v_i) + {calibration.bias:g}"
    maps = {
        "platt": f"Platt scaling of the logits: `sigmoid({reading})`.",
        "growing": f"Platt scaling with shrinkage, w = i / (i + {calibration.half_tokens:g}) after i tokens: "
        f"`sigmoid(w · ({reading}) + (1 - w) · {calibration.start:g})`.",
    }
    return [
        f"- Probability: {maps[calibration.method]}",
        f"- The calibration was fitted on {calibration.fitted_on} ({calibration.rows:,} programs).",
    ]


def figure_table(evaluation: Evaluation) -> list[list[str]]:
    """Cells, the head first: a row for each figure and score, a column for each data set.

    Base rate first, then the bundle beside every baseline, then what its probabilities are worth.
    """
    metrics = {(item.name, item.baseline, item.dataset): item for item in evaluation.metrics}
    data_sets = list(dict.fromkeys(item.dataset for item in evaluation.metrics))
    baselines = list(dict.fromkeys(item.baseline for item in evaluation.metrics if item.baseline not in CHANCE))
    wanted: list[tuple[str, str, str, str | None]] = [
        ("programs that fail their tests", "base rate", "auprc_fails", "random")
    ]
    wanted += [
        ("within-problem AUROC", name or "this bundle", "within_problem_auroc", name)
        for name in sorted(baselines, key=lambda name: name is not None)
    ]
    wanted += [
        ("best 1 of 3", "random choice", "best_1_of_3", "random"),
        ("best 1 of 3", "this bundle", "best_1_of_3", None),
        ("best 1 of 3", "with hindsight", "best_1_of_3", "oracle"),
        ("Brier skill", "this bundle", "brier_skill", None),
        ("ECE", "this bundle", "ece", None),
    ]
    rows = [
        [figure, score, *(_cell(metrics.get((name, baseline, data_set))) for data_set in data_sets)]
        for figure, score, name, baseline in wanted
    ]
    rows = [row for row in rows if set(row[2:]) != {"-"}]
    return [["figure", "score", *data_sets], *rows, *_flagged_rows(evaluation, data_sets)]


def _model_lines(manifest: Manifest) -> list[str]:
    base, graph = manifest.base, manifest.graph
    head = ["a value head replaces the language-model head."]
    if graph.upper is not None:
        head = [
            "a value head reads them.",
            f"- Above them, for whoever asks how likely tokens are: {graph.upper.layers} more layers and the "
            f"language-model head; {graph.upper.quantization}.",
        ]
    return [
        f"- Base model: {base.name}, architecture {base.architecture}.",
        f"- Kept: the first {graph.layers} of {base.base_layers} layers and {graph.vocabulary:,} embedding rows; "
        + head[0],
        *head[1:],
        f"- Weights: {graph.quantization}.",
        f"- Context: at most {manifest.max_tokens:,} tokens.",
        f"- Made from: {', '.join(f'`{source.name}`' for source in manifest.sources)}; the manifest has their hashes.",
        *(f"- Programs by {name} were left out of training and validation." for name in manifest.left_out_generators),
    ]


def _figure_lines(evaluation: Evaluation | None) -> list[str]:
    if evaluation is None or not evaluation.metrics:
        return ["Nothing was measured yet: run `codeodds-train evaluate --write`."]
    head, *rows = figure_table(evaluation)
    shown = (head, ["---"] * len(head), *rows)
    return [
        *("| " + " | ".join(row) + " |" for row in shown),
        "",
        *(f"- {words}" for words in EXPLANATIONS),
        f"- More figures are in `{EVALUATION_FILE}`, among them those by kind of mistake and by length; "
        "`codeodds-train evaluate` makes a page with plots.",
    ]


def _flagged_rows(evaluation: Evaluation, data_sets: list[str]) -> list[list[str]]:
    """The false-positive rate at each threshold."""
    flagged = evaluation.mistakes.flagged if evaluation.mistakes is not None else []
    rates = {(row.probability, row.dataset): row for row in flagged if row.kind == RIGHT_PROGRAMS}
    return [
        [
            f"right programs below {threshold:.2f}",
            "this bundle",
            *("-" if row is None else _interval(row.share, row.low, row.high) for row in found),
        ]
        for threshold in sorted({threshold for threshold, _ in rates})
        for found in [[rates.get((threshold, data_set)) for data_set in data_sets]]
    ]


def _threshold_lines(manifest: Manifest) -> list[str]:
    lines = [
        f"- Below {row.probability:.2f}{'' if number else ', the default'}: {row.precision:.0%} of the programs "
        f"failed their tests; {row.recall:.0%} of all that failed lie there.".replace("%", " %")
        for number, row in enumerate(manifest.thresholds)
    ]
    odds = manifest.odds
    if odds is not None:
        lines.append(
            f"- Odds: an edit is shown from {odds.log_odds:g} nats of evidence on. {odds.right_flagged:.1%} of right "
            f"functions have such an edit, and {odds.slips_found:.0%} of those with one slip.".replace("%", " %")
        )
    return [
        *(lines or ["None was measured: run `codeodds-train evaluate --write`."]),
        *([] if odds is None else [f"- Odds were measured on {odds.measured_on}."]),
        *(f"- Measured on {words}." for words in dict.fromkeys(row.measured_on for row in manifest.thresholds)),
    ]


def _cell(metric: Metric | None) -> str:
    if metric is None:
        return "-"
    # Intervals of baselines are in the file; here they would hide the figures.
    return f"{metric.value:.3f}" if metric.baseline else _interval(metric.value, metric.low, metric.high)


def _interval(value: float, low: float | None, high: float | None) -> str:
    return f"{value:.3f}" + ("" if low is None or high is None else f" ({low:.3f} to {high:.3f})")
