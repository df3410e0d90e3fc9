"""What was measured of a run's variants, as ``quantization.json`` and ``quantization.md`` in the run folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from codeodds_trainer.export.gate import MAX_AUROC_LOSS, MAX_CHUNKING, MAX_ECE_LOSS, Figures
from codeodds_trainer.ground.disk import write_whole
from codeodds_trainer.ground.errors import ExportError

REPORT_FILE = "quantization"


class Report(msgspec.Struct, frozen=True):
    """All variants measured on the same programs."""

    machine: dict[str, Any]
    variants: list[Figures]


def read_report(folder: Path) -> Report | None:
    """The report of earlier calls; None if there is none.

    Raises: ExportError for a file that holds something else.
    """
    path = folder / f"{REPORT_FILE}.json"
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Report)
    except msgspec.MsgspecError as error:
        raise ExportError(f"{path}: {error}; delete it and run `codeodds-train quantize` again") from error


def write_report(folder: Path, report: Report) -> None:
    """Write both files."""
    write_whole(folder / f"{REPORT_FILE}.json", msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    write_whole(folder / f"{REPORT_FILE}.md", "\n".join([*markdown_table(report.variants), ""]).encode())


def markdown_table(variants: Sequence[Figures]) -> list[str]:
    """One row per variant, and what the columns mean."""
    lines = [
        "| variant | MB | AUROC | loss | ECE | rise | flips | logits differ | chunking | 256 tokens | one more "
        "| released |",
        "|---" * 12 + "|",
    ]
    for row in variants:
        cells = [
            row.variant,
            f"{row.bytes / 1e6:.0f}" if row.bytes >= 1e7 else f"{row.bytes / 1e6:.2f}",
            f"{row.auroc:.4f}",
            f"{row.auroc_loss:+.4f} ± {row.auroc_loss_error:.4f}",
            f"{row.ece:.4f}",
            f"{row.ece_loss:+.4f}",
            f"{row.top1_flips:.1%}",
            f"{row.logit_difference:.4f}",
            f"{row.chunking:.1e}",
            f"{row.prefill_ms:.0f} ms",
            f"{row.token_ms:.1f} ms",
            "yes" if not row.objections else "no: " + "; ".join(row.objections),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    if variants:
        first = variants[0]
        lines += [
            "",
            f"{first.programs:,} validation programs of {first.problems} problems, {first.mixed_problems} of them with "
            "both labels.",
            "Loss (with its standard error over problems) and rise are against float32.",
            "Flips: problems with both labels whose best-scored program changes.",
            f"Released: AUROC falls by at most {MAX_AUROC_LOSS:g}, ECE rises by at most {MAX_ECE_LOSS:g}, chunking "
            f"moves logits by at most {MAX_CHUNKING:g}.",
        ]
    return lines
