"""The model card: the manifest in words, for people."""

from __future__ import annotations

from codeodds.bundle.manifest import Calibration, Manifest, Metric

CARD_FILE = "README.md"

_NAMES = {
    "within_problem_auroc": "within-problem AUROC",
    "best_1_of_3": "best 1 of 3",
    "best_1_of_10": "best 1 of 10",
    "random": "random choice",
    "oracle_of_3": "oracle, any of 3",
    "oracle_of_10": "oracle, any of 10",
    "ece": "ECE",
    "brier": "Brier score",
}


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
        "the language-model head is replaced by one linear output.",
        f"- Weights: {graph.quantization}.",
        f"- Context: at most {manifest.max_tokens:,} tokens.",
        "- Made from:",
        *(f"  - `{source.name}` (SHA-256 `{source.sha256[:16]}…`)" for source in manifest.sources),
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
    lines += [
        "",
        "Intervals are 95 % bootstrap intervals over problems.",
        "",
        "## Limits",
        "",
        "- A low value is an estimate, never proof of a mistake; a high one is no proof of its absence.",
        "- It was trained on short functions that answer a stated problem. "
        "Code whose purpose is not stated in signature, docstring or names can't be judged well.",
        "- It reads one function with its imports and class header, not the rest of the project.",
        "- The probability was calibrated on such programs. Where the share of right code differs, so does its sense.",
        "",
    ]
    return "\n".join(lines)


def calibration_lines(calibration: Calibration) -> list[str]:
    """The map from logits to the probability shown, and what it was fitted on."""
    reading = f"{calibration.last:g} · v_i + {calibration.mean:g} · mean(v_1..v_i) + {calibration.bias:g}"
    maps = {
        "temperature": f"Temperature scaling of the last logit: `sigmoid({calibration.last:g} · v_i)`.",
        "platt": f"Platt scaling of the logits: `sigmoid({reading})`.",
        "isotonic": f"Isotonic regression on `{reading}`, linear between {len(calibration.points or [])} points.",
    }
    return [
        f"- {maps[calibration.method]}",
        f"- Fitted on {calibration.fitted_on} ({calibration.rows:,} programs).",
        *([f"- Log loss on problems held out, in nats: {calibration.compared}."] if calibration.compared else []),
    ]


def metric_tables(metrics: list[Metric]) -> list[str]:
    """One Markdown table per data set: figures down, this bundle and the baselines across."""
    datasets = list(dict.fromkeys(metric.dataset for metric in metrics))
    lines = []
    for dataset in datasets:
        here = [metric for metric in metrics if metric.dataset == dataset]
        columns = list(dict.fromkeys(metric.baseline or "this bundle" for metric in here))
        names = list(dict.fromkeys(metric.name for metric in here))
        lines += [f"### {dataset}", "", "| figure | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
        for name in names:
            cells = []
            for column in columns:
                found = next((m for m in here if m.name == name and (m.baseline or "this bundle") == column), None)
                cells.append("-" if found is None else _cell(found))
            lines.append(f"| {_NAMES.get(name, name)} | " + " | ".join(cells) + " |")
        lines.append("")
    return lines[:-1]


def _cell(metric: Metric) -> str:
    interval = "" if metric.low is None or metric.high is None else f" ({metric.low:.3f} to {metric.high:.3f})"
    return f"{metric.value:.3f}{interval}"
