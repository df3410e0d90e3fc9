"""The base language model's head, for a graph that also says how likely each next token is."""

from __future__ import annotations

from codeodds_trainer.export.graph import LanguageHead
from codeodds_trainer.ground.errors import ExportError
from codeodds_trainer.ground.recipe import Recipe
from codeodds_trainer.ground.run_folder import RunFolder
from codeodds_trainer.training.prepare import read_lm_head
from codeodds_trainer.training.value_model import load_checkpoint


def load_language_head(recipe: Recipe, run: RunFolder, base_layers: int) -> LanguageHead:
    """Final norm and language-model head of the base model, as `fit` kept them in the run folder.

    The log-probabilities are the base model's own only if nothing below the head was cut or trained: so that is
    required. With a pruned vocabulary they are renormalised over the tokens kept. `base_layers`: of the base model.

    Raises: ExportError if layers were cut off or trained, or if the run kept no such head.
    """
    layers, trained = recipe.model.layers, recipe.model.trainable_layers
    if trained:
        raise ExportError(
            f"export.log_probabilities needs the base model's own layers, but model.trainable_layers = {trained}; set "
            "it to 0, or export.log_probabilities to false"
        )
    if layers is not None and layers != base_layers:
        raise ExportError(
            f"export.log_probabilities needs all {base_layers} layers of the base model, but model.layers = {layers}; "
            "leave model.layers out, or set export.log_probabilities to false"
        )
    weight = read_lm_head(run.base)
    if weight is None:
        raise ExportError(
            f"export.log_probabilities needs the base model's head, which {run.base} does not hold; fit again in a new "
            "run folder with this recipe, or set export.log_probabilities to false"
        )
    return LanguageHead(norm=load_checkpoint(run.base).base_model.norm.requires_grad_(False), weight=weight.float())
