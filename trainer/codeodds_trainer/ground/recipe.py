"""A recipe: everything that a value head is made from, one small section per concern, written in YAML.

Reading is strict: an unknown key or a wrong type is an error that names the place.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from codeodds_trainer.ground.errors import RecipeError
from codeodds_trainer.ground.trie import Targets

Positive = Annotated[int, msgspec.Meta(ge=1)]
NotNegative = Annotated[int, msgspec.Meta(ge=0)]
Loss = Literal["bce", "pairwise"]
"""`bce`: binary cross-entropy with the target of each node, as in arXiv 2510.23083. `pairwise`: Bradley-Terry, that a
passing program reads higher than a failing one of the same problem."""
Probe = Literal["tokens", "pairs"]
"""What a linear probe is fitted to: the target of each token, or the order of each problem's programs."""


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class BaseSection(_Section):
    """The language model to start from."""

    name: str
    """Its public name, for the model card."""
    licence: str
    """SPDX identifier of its licence."""
    path: str
    """Folder in Hugging Face layout, or a hub name. A leading ``~`` is expanded."""
    gguf_file: str | None = None
    """A GGUF file within the folder, dequantised when loaded."""
    rounded_to: Literal["bfloat16"] | None = None
    """Round the weights to this type, in which most models are published. A bundle whose frozen layers come from the
    same rounded weights as an older one's holds the same bytes there: a version control system stores them once."""


class VocabularySection(_Section):
    """Which tokens stay in the embedding. Without this section all of them do."""

    like: str | None = None
    """A pruned ``tokenizer.json``: if the file exists, exactly its tokens are kept and nothing is counted."""
    min_count: Positive = 30
    """Keep tokens that occur at least this often in the corpus."""
    first_ids: NotNegative = 30_000
    """Keep tokens of Latin letters, digits and punctuation whose id is below this: early merges are common ones."""
    corpus: tuple[str, ...] = ()
    """Folders of Python files to count. ``stdlib`` and ``site-packages`` name those of the running interpreter."""


class LoraSection(_Section):
    """Low-rank adapters instead of full training of the last layers."""

    rank: Positive = 16
    alpha: Positive = 32
    """Adapters count by alpha / rank."""
    modules: tuple[str, ...] = ("qkv_proj", "o_proj", "gate_up_proj", "down_proj")
    """Linear layers that get an adapter, by the last part of their name. The default fits Phi-3; Qwen2 and Llama have
    q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj and down_proj."""


class ModelSection(_Section):
    """How much of the base model is kept, and how much of that is trained."""

    layers: Positive | None = None
    """Decoder layers kept, from the first; all if absent."""
    trainable_layers: NotNegative = 12
    """The last layers of these that are trained; the final norm and the head always are."""
    faults: NotNegative = 0
    """Outputs of the head beside the linear one that each look for a single fault: the value is the linear output less
    the exponential of each. A mean over a long solution hardly moves for one wrong token; an exponential does."""
    lora: LoraSection | None = None
    """Train adapters in the last layers rather than their weights."""


class DataFile(_Section):
    """One file of labelled programs."""

    name: str
    """A JSON-lines file in the data folder; see `data`."""
    max_programs: Positive | None = None
    """At most this many programs per problem and label in training and validation, chosen by the problem alone."""
    max_problems: Positive | None = None
    """At most this many problems in training, chosen by a hash of their ids."""


class DataSection(_Section):
    """Labelled programs."""

    files: tuple[DataFile, ...]
    train_splits: tuple[str, ...] = ("train",)
    validation_splits: tuple[str, ...] = ("valid",)
    leave_out_generators: tuple[str, ...] = ()
    """Programs by these generators are in neither training nor validation, so that `evaluate --only-generator` can
    measure what the model makes of code by one that it never saw. Each must stand in some row."""
    validation_problems: Positive | None = None
    """At most this many problems of each file select the best state, chosen by a hash of their ids; calibration reads
    them all."""
    balance: bool = True
    """Give both labels of a problem the same weight, and leave out training problems with one label only."""
    targets: Targets = "outcome"
    position_power: Annotated[float, msgspec.Meta(ge=0.0)] = 0.0
    """Later tokens weigh more by this power of their place in the solution; 0 weighs all alike, as in the paper."""


class ReadingSection(_Section):
    """What stands for a whole program: ``last * (logit at its last token) + mean * (mean logit over its solution)``.

    What the last token sees of a program may depend on its every part; the mean gives one odd token its share of the
    whole. Calibration weighs both anew.
    """

    last: Annotated[float, msgspec.Meta(ge=0.0)] = 1.0
    mean: Annotated[float, msgspec.Meta(ge=0.0)] = 1.0


class PrefixWeight(_Section):
    """How much unfinished programs count beside whole ones."""

    fraction: Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)]
    """Of a program's solution tokens."""
    weight: Annotated[float, msgspec.Meta(gt=0.0)]
    """Against 1 for whole programs."""


class FaultProbeSection(_Section):
    """How the outputs of `model.faults` are fitted, beside a probe of pairs, which stays as it is."""

    epochs: Positive = 6
    learning_rate: Annotated[float, msgspec.Meta(gt=0.0)] = 3e-3
    """Of Adam, at standardised hidden states; it falls to zero."""
    ridge: Annotated[float, msgspec.Meta(ge=0.0)] = 1e-3
    """Weight of the squared coefficients in the mean loss."""
    location_weight: Annotated[float, msgspec.Meta(ge=0.0)] = 0.1
    """Weight of where a fault is: which of a failing program's tokens differs from a right program, where that is all
    that differs."""


class TrainingSection(_Section):
    """Optimisation. The defaults are the paper's."""

    loss: Loss = "bce"
    """`bce` as in the paper; `pairwise` in the default recipe."""
    lm_loss_weight: Annotated[float, msgspec.Meta(ge=0.0)] = 0.0
    """Weight of a joint language-model loss on right programs, whose head is the base model's, frozen; 0 for none."""
    learning_rate: float = 1e-4
    """Of the trainable layers and the norm."""
    head_learning_rate: float = 1e-4
    """Of the head."""
    probe_ridge: float | None = None
    """Start from a linear probe with this ridge weight; from zeros, every value 0.5, if absent."""
    probe: Probe = "tokens"
    """`tokens`: logistic regression of each token's target. `pairs`: that a passing program reads higher than a failing
    one of the same problem."""
    probe_outcome_weight: Annotated[float, msgspec.Meta(ge=0.0)] = 0.0
    """Weight, beside a probe of pairs, of the logistic regression of each program's outcome on its reading: pairs say
    nothing of how the programs of one problem stand beside those of another."""
    probe_prefixes: tuple[PrefixWeight, ...] = ()
    """A probe of pairs also reads programs that are cut after a fraction of their tokens, with the whole one's label: a
    head that has seen whole programs alone says no more of unfinished ones than their base rate does."""
    fault_probe: FaultProbeSection = FaultProbeSection()
    """Of the head's other outputs, if `model.faults` asks for any."""
    reading: ReadingSection = ReadingSection()
    """The reading of a program by which pairs are compared and the best state is chosen."""
    epochs: Positive = 2
    batch_nodes: Positive = 8192
    """Trie nodes per optimiser step."""
    pack_nodes: Positive = 1024
    """Trie nodes per forward pass; memory grows with its square."""
    warmup_fraction: float = 0.05
    """Share of the steps over which the learning rate rises; it then falls to zero along a cosine."""
    seed: int = 0
    evaluate_every_steps: Positive = 25
    """How often the validation problems are scored; the best state by within-problem AUROC is kept."""
    patience_evaluations: Positive | None = None
    """Stop early after this many evaluations in a row without a new best state; never if absent."""
    bfloat16: bool = True
    """Matrix products in bfloat16, weights and optimiser state in float32; only where the device has instructions for
    it."""
    gradient_checkpointing: bool = False
    """Compute activations again in the backward pass: a third more time for much less memory."""
    cache_features: bool = True
    """Run the frozen layers once and keep their outputs on disk. Without it they run in every step."""


class ExportSection(_Section):
    """The bundle."""

    bits: Literal[4, 8, 32] = 4
    """Bits per weight of the matrix products; 32 keeps everything in float32."""
    block_size: Literal[16, 32, 64, 128, 256] = 64
    """Weights that share a scale."""
    embedding_bits: Literal[4, 8] = 8
    """Bits per weight of the embedding, unless `bits` is 32."""
    max_tokens: Positive = 4096
    """Safe context length written into the manifest."""
    calibration_programs: Positive = 8
    """At most this many programs of each validation problem calibrate the probability, drawn blind to their labels."""
    calibration_problems: Positive | None = None
    """At most this many validation problems of each file do, chosen by a hash of their ids; all if absent."""
    gate_programs: Positive = 4
    """At most this many programs of each validation problem and label decide if the quantised graph is released."""
    gate_problems: Positive = 200
    """At most this many validation problems decide it, chosen by the hash of their names."""
    language_model: bool = False
    """Also write the base model's upper layers and its language-model head, which say how likely each token is. Needs
    fewer layers below the value head than the base model has, and no trained ones."""
    max_file_mb: Positive = 90
    """Weights are spread over files no larger than this."""


class Recipe(_Section):
    """The whole recipe."""

    name: str
    version: str
    base: BaseSection
    data: DataSection
    vocabulary: VocabularySection | None = None
    model: ModelSection = ModelSection()
    training: TrainingSection = TrainingSection()
    export: ExportSection = ExportSection()


def read_recipe(path: Path) -> Recipe:
    """Raises: RecipeError for a file that is missing, not YAML, or not a recipe."""
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=Recipe)
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read ({error.strerror}); see models/recipes/ for examples") from error
    except msgspec.MsgspecError as error:
        raise RecipeError(f"{path}: {error}") from error
