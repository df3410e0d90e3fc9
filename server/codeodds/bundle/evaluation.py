"""What was measured of a bundle on problems held out, for people: what `evaluation.json` holds, as types.

No score depends on it. A bundle without the file scores as well, and only what shows figures reads it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from codeodds.bundle.manifest import Count, Probability
from codeodds.errors import BundleCorrupt

EVALUATION_FILE = "evaluation.json"
RIGHT_PROGRAMS = "right programs"
"""The kind of `FlaggedMistakes` that is no mistake: its share is the false-positive rate."""


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    pass


class Metric(_Strict):
    """One measured figure with its interval."""

    dataset: str
    name: str
    """For example ``within_problem_auroc``."""
    value: float
    low: float | None = None
    """Lower end of the 95 % bootstrap interval, resampled by problem."""
    high: float | None = None
    baseline: str | None = None
    """None for the bundle's own score, else the baseline that was measured."""


class Slice(_Strict):
    """How well one kind of mistake, one length or one style was judged on held-out problems."""

    dataset: str
    about: Literal["mistake", "length", "style"]
    name: str
    failing_programs: Annotated[int, msgspec.Meta(ge=0)]
    auroc: Probability
    """Within-problem AUROC; of a kind of mistake: its failing programs against the right ones of their problems."""
    low: float | None = None
    high: float | None = None


class PairAccuracy(_Strict):
    """How often a right program scores above the same program with an injected error of one kind."""

    dataset: str
    kind: str
    """Or ``all``."""
    equal_length: bool
    """True if only pairs of as many solution tokens were counted."""
    pairs: Count
    accuracy: Probability
    """Ties count half."""
    low: float | None = None
    """Lower end of the 95 % bootstrap interval, resampled by problem."""
    high: float | None = None


class FlaggedMistakes(_Strict):
    """Which share of one kind of mistake lies below a threshold."""

    dataset: str
    kind: str
    """Or `RIGHT_PROGRAMS`."""
    programs: Count
    probability: Probability
    """The threshold."""
    share: Probability
    """Below it."""
    low: float | None = None
    high: float | None = None


class MistakeExample(_Strict):
    """A right program and a failing one that differ in one line."""

    dataset: str
    kind: str
    caught: bool
    """True if the right program's probability is higher."""
    right_line: str
    wrong_line: str
    right_probability: Probability
    wrong_probability: Probability
    origin: str
    """Problem, source and licence, as far as they are known."""


class Mistakes(_Strict):
    """What the bundle makes of the kinds of mistakes."""

    pairs: list[PairAccuracy] = []
    flagged: list[FlaggedMistakes] = []
    examples: list[MistakeExample] = []


class Evaluation(_Strict):
    """The whole file."""

    metrics: list[Metric]
    slices: list[Slice] = []
    """Where the bundle does better and worse."""
    mistakes: Mistakes | None = None
    """None if nobody looked."""


def read_evaluation(folder: Path) -> Evaluation | None:
    """The figures of the bundle in a folder; None if it has no such file.

    Raises: BundleCorrupt if the file cannot be read or holds something else.
    """
    place = folder / EVALUATION_FILE
    try:
        return msgspec.json.decode(place.read_bytes(), type=Evaluation)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BundleCorrupt(
            f"{place}: cannot read the figures ({error}); delete the file, which no score needs, or write it anew with "
            "`codeodds-train evaluate --write`"
        ) from error


def encode(evaluation: Evaluation) -> bytes:
    """Indented JSON, stable for equal evaluations."""
    return msgspec.json.format(msgspec.json.encode(evaluation), indent=1) + b"\n"
