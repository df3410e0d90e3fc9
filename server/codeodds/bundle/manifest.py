"""The bundle's manifest: what `manifest.json` holds, as types.

It is what a server needs to score; what was measured of the bundle stands beside it, see `evaluation`. Reading is
strict: an unknown field, a missing one or a wrong type is an error that names the place. Checks against the files
themselves are in `loader`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

import msgspec

FORMAT = 2
"""The manifest format that this version reads and writes."""

MANIFEST_FILE = "manifest.json"

Count = Annotated[int, msgspec.Meta(ge=1)]
Probability = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class BaseModel(_Strict):
    """Where the weights come from."""

    name: str
    """Hub name of the base model, for example ``Qwen/Qwen2.5-Coder-0.5B-Instruct``."""
    licence: str
    """SPDX identifier of its licence."""
    architecture: str
    """`model_type` of its Hugging Face config, for example ``phi3``."""
    base_layers: Count
    """Decoder layers that the base model has."""


class Upper(_Strict):
    """The graph above the value head: further layers and the language-model head. docs/training/export.md names its
    inputs and outputs."""

    file: str
    """The ``.onnx`` file, relative to the bundle."""
    layers: Count
    """Decoder layers in it."""
    width: Count
    """Size of the hidden states that enter it."""
    quantization: str
    """How its weights are stored, for people."""


class Graph(_Strict, omit_defaults=True):
    """The ONNX graph and its key/value cache. docs/training/export.md names its inputs and outputs."""

    file: str
    """The ``.onnx`` file, relative to the bundle."""
    layers: Count
    """Decoder layers kept."""
    kv_heads: Count
    head_size: Count
    kv_dtype: Literal["float32", "float16"]
    """dtype of ``past_key_values.*`` and ``present.*``; `value` is always float32."""
    vocabulary: Count
    """Rows of the embedding; token ids are below it."""
    quantization: str
    """How the weights are stored, for people: for example ``MatMulNBits 4 bit, block 32, accuracy level 4``."""
    upper: Upper | None = None
    """What says how likely each token is, if the bundle holds a language model. Its key/value cache is shaped like this
    graph's; this graph then has the output `hidden` too. Values do not depend on it."""


class File(_Strict):
    """One file of the bundle, as it was when the bundle was made."""

    path: str
    """Relative to the bundle, with forward slashes."""
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    bytes: Annotated[int, msgspec.Meta(ge=0)]


class Calibration(_Strict, omit_defaults=True):
    """Turns the head's logits into the probability shown.

    All methods read the solution's logits v_1..v_i as ``z_i = last * v_i + mean * (v_1 + .. + v_i) / i + bias``.

    - ``temperature`` (Guo et al., 2017): ``sigmoid(z_i)`` with `last` = 1 / temperature; `mean` and `bias` are 0.
    - ``platt`` (Platt, 1999): ``sigmoid(z_i)``.
    - ``isotonic`` (Zadrozny and Elkan, 2002): z_i looked up in `points`, linear between them,
      constant beyond both ends.
    - ``growing``: ``sigmoid(w_i * z_i + (1 - w_i) * start)`` with ``w_i = i / (i + half_tokens)``: Platt scaling that
      trusts a reading the more, the more solution tokens i it rests on. What early tokens say means little.
    """

    method: Literal["temperature", "platt", "isotonic", "growing"]
    last: float
    mean: float
    bias: float
    fitted_on: str
    """The split it was fitted on, for people."""
    rows: Count
    """Labelled programs in that split."""
    points: list[tuple[float, Probability]] | None = None
    """Isotonic only: (z, probability) in rising order of z; probabilities never fall."""
    half_tokens: Annotated[float, msgspec.Meta(ge=0.0)] = 0.0
    """Growing only: the number of solution tokens at which a reading counts half."""
    start: float = 0.0
    """Growing only: log-odds before anything was read."""

    def __post_init__(self) -> None:
        """Raises: ValueError for points that are no rising curve, or for parameters that the method does not use."""
        if self.method != "growing" and (self.half_tokens or self.start):
            raise ValueError(
                f"calibration `half_tokens` and `start` belong to the method growing, not to {self.method}"
            )
        if (self.method == "isotonic") != (self.points is not None):
            raise ValueError(f"calibration `points` belong to the method isotonic and to no other ({self.method})")
        if self.points is None:
            return
        logits = [logit for logit, _ in self.points]
        values = [value for _, value in self.points]
        rising = all(low < high for low, high in pairwise(logits))
        if len(self.points) < 2 or not rising or values != sorted(values):
            raise ValueError("calibration `points` must be two or more, with rising logits and no falling probability")


class Threshold(_Strict, omit_defaults=True):
    """A decision threshold and what it is worth, measured on problems that neither training nor calibration saw."""

    probability: Probability
    """Functions whose probability is below this are pointed at."""
    precision: Probability
    """Share of them that failed their tests."""
    recall: Probability
    """Share of all failing functions that are among them."""
    measured_on: str


class OddsThreshold(_Strict):
    """From when on a small edit that is more likely than a function as it stands is a finding."""

    log_odds: float
    """Of the most likely edit, in nats: ``log p(edited) - log p(as written)``."""
    right_flagged: Probability
    """Share of right functions with such an edit."""
    slips_found: Probability
    """Share of functions with one slip that had such an edit."""
    measured_on: str
    """The functions, for people."""


class Display(_Strict):
    """When a value means enough to be shown."""

    min_prefix_fraction: Probability
    """Values read before this fraction of the solution's tokens are not worth showing."""
    min_solution_tokens: Count
    """What an editor can know of that fraction: solutions with fewer tokens are too unfinished to be judged."""


class Source(_Strict):
    """A data file or recipe that made the bundle."""

    name: str
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class Manifest(_Strict, omit_defaults=True):
    """Everything a server needs to know of a bundle before it opens the graph."""

    format: Literal[2]
    name: str
    version: str
    base: BaseModel
    graph: Graph
    files: list[File]
    """Every file that scoring and its check read. Pages for people and `evaluation.json` are not among them: they may
    be missing or edited."""
    tokenizer: str
    """The `tokenizer.json`, relative to the bundle."""
    golden: str
    """The golden scores, relative to the bundle."""
    max_tokens: Count
    """Safe context length. Below it the graph gives the scores that were measured (LongRoPE changes them beyond)."""
    rendering: Literal["python-source-v1"]
    """How problem and solution become the model's text; see `rendering`."""
    calibration: Calibration
    thresholds: list[Threshold]
    """Lowest probability first. The first is the default for front ends."""
    display: Display
    sources: list[Source]
    odds: OddsThreshold | None = None
    """None for a bundle without a language model, or whose odds were not measured."""
    left_out_generators: list[str] = []
    """Whose programs were in neither training nor validation."""


def decode(content: bytes) -> Manifest:
    """Raises: msgspec.ValidationError or msgspec.DecodeError with the place that is wrong."""
    return msgspec.json.decode(content, type=Manifest)


def encode(manifest: Manifest) -> bytes:
    """Indented JSON, stable for equal manifests."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
