"""Low-rank adapters (Hu et al., 2021) in the trained layers, through peft. They are merged before a model is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers import PreTrainedModel

from codeodds_trainer.ground.errors import ModelError
from codeodds_trainer.ground.recipe import LoraSection
from codeodds_trainer.training.value_model import value_head

if TYPE_CHECKING:
    from peft.tuners.lora import LoraModel


def add_adapters(tail: PreTrainedModel, section: LoraSection) -> LoraModel:
    """Put adapters into the tail's linear layers, in place. They, the final norm and the head can be trained; nothing
    else can. The tail computes what it did before until they are trained.

    Raises: ModelError if the tail has no layer with such a module.
    """
    from peft import LoraConfig
    from peft.tuners.lora import LoraModel

    targets = [
        name
        for name, module in tail.base_model.named_modules()
        if name.rpartition(".")[2] in section.modules and hasattr(module, "weight")
    ]
    if not targets:
        raise ModelError(
            f"model.lora.modules names {', '.join(section.modules)}, but no trained layer has such a module; "
            f"{type(tail).__name__} has {', '.join(_linear_names(tail)) or 'no trained layer'}"
        )
    config = LoraConfig(
        r=section.rank,
        lora_alpha=section.alpha,
        lora_dropout=0.0,
        target_modules=[f"{tail.base_model_prefix}.{name}" for name in targets],
    )
    adapted = LoraModel(tail, config, "default")
    for trainable in (tail.base_model.norm, value_head(tail)):
        trainable.requires_grad_(True)
    return adapted


def _linear_names(tail: PreTrainedModel) -> list[str]:
    names = [name for name, module in tail.base_model.named_modules() if type(module).__name__ == "Linear"]
    return sorted({name.rpartition(".")[2] for name in names})
