"""What a language model would have written instead: at the tokens of a right function where it is least sure, the
likeliest other token.

Everything before the token stays, and everything after it: the result differs in one place, as a slip does. It is the
forking of arXiv 2510.23083 without the sampling, which a right function needs no test to be compared with.
"""

from __future__ import annotations

import numpy as np
import torch

from codeodds.errors import UnitError
from codeodds.types import ScoringUnit
from codeodds_trainer.ground.language_model import LanguageModel

LEAST_PROBABILITY = 0.05
"""An alternative that the model finds less likely is no slip that it would make."""
ROWS = 256
"""Rows of vocabulary-wide logits in memory at a time."""


@torch.inference_mode()
def likely_alternatives(model: LanguageModel, unit: ScoringUnit, most: int = 12) -> list[str]:
    """Solutions that differ from the unit's in one token, the likeliest alternative first; at most `most`.

    Raises: ModelError if there is no such model.
    """
    try:
        encoded = model.tokenizer.encode(unit)
    except UnitError:
        return []
    ids = torch.from_numpy(encoded.ids)[None].to(model.device)
    hidden = model.model.base_model(input_ids=ids, use_cache=False).last_hidden_state[0]
    head = model.model.get_output_embeddings()
    found: list[tuple[float, int, int]] = []
    places = range(max(1, encoded.solution_start), len(encoded.ids))
    for first in range(places.start, places.stop, ROWS):
        here = np.arange(first, min(first + ROWS, places.stop))
        chances = torch.softmax(head(hidden[torch.from_numpy(here - 1)]).float(), dim=-1)
        chances[torch.arange(len(here)), ids[0, torch.from_numpy(here)]] = 0.0
        best = chances.max(dim=-1)
        found += zip(best.values.tolist(), here.tolist(), best.indices.tolist(), strict=True)
    texts = []
    for chance, place, token in sorted(found, reverse=True)[: 4 * most]:
        start, end = encoded.offsets[place - encoded.solution_start].tolist()
        other = model.tokenizer.decode(token)
        if chance >= LEAST_PROBABILITY and end > start and not _splits_a_word(unit.solution, start, end, other):
            texts.append(unit.solution[:start] + other + unit.solution[end:])
    return texts[:most]


def _splits_a_word(text: str, start: int, end: int, other: str) -> bool:
    """Whether [start, end) or what takes its place is a part of a longer word: such an error is a name that nobody
    would write.
    """
    before, after = text[:start][-1:], text[end:][:1]
    return any(
        (_in_word(before) and _in_word(middle[:1])) or (_in_word(middle[-1:]) and _in_word(after))
        for middle in (text[start:end], other)
    )


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"
