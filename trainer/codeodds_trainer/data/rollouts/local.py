"""A transformers model as policy: batched, on CPU or GPU, with every shared prefix computed once.

One pass over a main rollout gives the probabilities of its tokens and its keys and values. Its forks start from these:
a fork at token i takes the first columns, so that no prefix is computed again.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    DynamicCache,
    GenerationConfig,
    StoppingCriteria,
    StoppingCriteriaList,
)

from codeodds_trainer.data.rollouts.scheme import Finish, Fork, Sample, Sampling, cut, cut_tokens
from codeodds_trainer.ground.base_model import ATTENTION, BaseModelSource
from codeodds_trainer.ground.errors import PolicyError
from codeodds_trainer.ground.precision import compute_dtype

ROWS = 128
"""Rows of vocabulary-wide logits in memory at a time."""

TAIL_TOKENS = 8
"""New tokens in which the end of a function is looked for."""

LONGEST_CHARACTER = 4
"""Tokens that one character of UTF-8 may be spread over."""

Layers = list[tuple[torch.Tensor, torch.Tensor]]
"""Keys and values of each layer, [1, heads, tokens, size]."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A text to continue."""

    ids: list[int]
    start: int
    """Where its completion begins."""
    layers: Layers
    """Of a text that begins with all of `ids`."""


class LocalPolicy:
    """A decoder-only language model in this process."""

    def __init__(self, source: BaseModelSource, device: str = "cpu", batch_size: int = 36, name: str = "") -> None:
        """`batch_size`: completions sampled at once.

        Raises: PolicyError if there is no such model.
        """
        extra = {} if source.gguf_file is None else {"gguf_file": source.gguf_file}
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(source.path, **extra)
            model: Any = AutoModelForCausalLM.from_pretrained(
                source.path, dtype=compute_dtype(device), attn_implementation=ATTENTION, **extra
            )
        except (OSError, ValueError) as error:
            raise PolicyError(f"no model at {source.path!r}: {error}") from error
        self._model: Any = model.to(device).eval().requires_grad_(False)
        self._device = device
        self._batch_size = batch_size
        self._ends = _end_ids(self._model, self._tokenizer)
        self._layers: dict[tuple[int, ...], Layers] = {}
        self.name = name or Path(source.path).name

    def main_rollouts(self, prompts: Sequence[str], sampling: Sampling, seed: int) -> list[list[Sample]]:
        """Samples of all prompts together; prompts of different lengths share a batch, each is computed once."""
        torch.manual_seed(seed)
        self._layers.clear()
        rows: list[_Row] = []
        for prompt in prompts:
            ids = self._encode(prompt)
            rows += [_Row(ids, len(ids), self._run(ids)[1])] * sampling.main_rollouts
        found = self._generate_all(rows, sampling)
        grouped = []
        for index, prompt in enumerate(prompts):
            first, *rest = found[index * sampling.main_rollouts : (index + 1) * sampling.main_rollouts]
            if sampling.forking_tokens:
                first = self._measured(self._encode(prompt), first)
            grouped.append([first, *rest])
        return grouped

    def forked_rollouts(
        self, prompt: str, main: Sample, forks: Sequence[Fork], sampling: Sampling, seed: int
    ) -> list[list[Sample]]:
        """Samples from all forks of a main rollout, in batches that share its keys and values."""
        torch.manual_seed(seed)
        start = self._encode(prompt)
        ids = [*start, *main.ids]
        layers = self._layers.pop(tuple(ids), None) or self._run(ids)[1]
        count = sampling.rollouts_per_fork
        rows = [_Row(ids[: len(start) + fork.index], len(start), layers) for fork in forks for _ in range(count)]
        found = self._generate_all(rows, sampling)
        return [found[index : index + count] for index in range(0, len(found), count)]

    def _encode(self, prompt: str) -> list[int]:
        return list(self._tokenizer(prompt)["input_ids"])

    def _generate_all(self, rows: list[_Row], sampling: Sampling) -> list[Sample]:
        found: list[Sample] = []
        for at in range(0, len(rows), self._batch_size):
            found += self._generate(rows[at : at + self._batch_size], sampling)
        return found

    @torch.inference_mode()
    def _generate(self, rows: list[_Row], sampling: Sampling) -> list[Sample]:
        """Continue each row, padded on the left."""
        width = max(len(row.ids) for row in rows)
        padding = [width - len(row.ids) for row in rows]
        pad = self._ends[0]
        ids = torch.tensor([[pad] * before + row.ids for before, row in zip(padding, rows, strict=True)])
        mask = torch.tensor([[0] * before + [1] * len(row.ids) for before, row in zip(padding, rows, strict=True)])
        written = [len(row.ids) - row.start for row in rows]
        config = GenerationConfig(
            do_sample=True,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            min_p=sampling.min_p or None,
            top_k=0,
            max_new_tokens=max(1, sampling.max_tokens - min(written)),
            pad_token_id=pad,
            eos_token_id=self._ends,
        )
        stop = [_FunctionEnd(self._tokenizer, width)] if sampling.stop_at_function_end else []
        try:
            output = self._model.generate(
                ids.to(self._device),
                attention_mask=mask.to(self._device),
                generation_config=config,
                stopping_criteria=StoppingCriteriaList(stop),
                past_key_values=_batched([row.layers for row in rows], [len(row.ids) - 1 for row in rows]),
            )
        except torch.OutOfMemoryError as error:
            gc.collect()
            raise PolicyError(f"no memory for {len(rows)} completions at once; lower --batch-size") from error
        return [
            self._sample(output[index, padding[index] + row.start - 1 :].tolist(), sampling)
            for index, row in enumerate(rows)
        ]

    def _sample(self, output: list[int], sampling: Sampling) -> Sample:
        """A sample from the prompt's last token and all that follows."""
        before, *ids = output
        end = next((index for index, token in enumerate(ids) if token in self._ends), len(ids))
        ended = end < len(ids)
        ids = ids[: min(end, sampling.max_tokens)]
        tokens = self._pieces(before, ids)
        text, found = cut("".join(tokens), sampling.stop_at_function_end)
        finish: Finish = "end of function" if found else "end of text" if ended else "length"
        kept = cut_tokens(tokens, len(text))
        return Sample(text, finish, tuple(tokens[:kept]), (), tuple(ids[:kept]))

    def _measured(self, start: list[int], sample: Sample) -> Sample:
        """The sample with the probabilities of its tokens; keeps the keys and values for its forks."""
        if not sample.ids:
            return sample
        ids = [*start, *sample.ids]
        probabilities, layers = self._run(ids, first=len(start))
        self._layers[tuple(ids)] = layers
        return Sample(sample.completion, sample.finish, sample.tokens, tuple(probabilities), sample.ids)

    @torch.inference_mode()
    def _run(self, ids: list[int], first: int | None = None) -> tuple[list[float], Layers]:
        """One pass over a text: the probability of each token from `first` on, and keys and values of all."""
        cache = DynamicCache()
        tokens = torch.tensor([ids], device=self._device)
        hidden = self._model.base_model(tokens, past_key_values=cache, use_cache=True).last_hidden_state[0]
        layers = _layers_of(cache)
        if first is None:
            return [], layers
        head = self._model.get_output_embeddings()
        probabilities: list[float] = []
        for at in range(first, len(ids), ROWS):
            wanted = tokens[0, at : at + ROWS]
            logits = head(hidden[at - 1 : at - 1 + len(wanted)]).float()
            probabilities += logits.softmax(-1).gather(1, wanted[:, None])[:, 0].tolist()
        return probabilities, layers

    def _text(self, ids: list[int]) -> str:
        return str(self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def _pieces(self, before: int, ids: list[int]) -> list[str]:
        """The text that each token adds. A token that ends within a character adds nothing; its successor adds it.

        `before`: the token before them. Some tokenizers drop the space at the start of what they decode.
        """
        pieces: list[str] = []
        start = 0
        for end in range(1, len(ids) + 1):
            # Decoding only what is not complete yet keeps this linear in the number of tokens.
            context = [before if start == 0 else ids[start - 1]]
            text = self._text(context + ids[start:end])[len(self._text(context)) :]
            if text.endswith("\ufffd") and end - start < LONGEST_CHARACTER:
                pieces.append("")
            else:
                pieces.append(text)
                start = end
        return pieces


class _FunctionEnd(StoppingCriteria):
    """Ends a row when a line begins that does not belong to the function."""

    def __init__(self, tokenizer: Any, width: int) -> None:
        self._tokenizer = tokenizer
        self._width = width

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> Any:
        new = input_ids[:, max(self._width, input_ids.shape[1] - TAIL_TOKENS) :]
        texts = self._tokenizer.batch_decode(new, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        ended = [cut(text, True)[1] for text in texts]
        return torch.tensor(ended, device=input_ids.device)


def _layers_of(cache: Any) -> Layers:
    """Keys and values of a cache, in transformers 4.57 and 5."""
    return [(layer.keys, layer.values) for layer in cache.layers]


def _batched(texts: Sequence[Layers], lengths: Sequence[int]) -> DynamicCache:
    """A cache whose row i holds the first ``lengths[i]`` tokens of text i, moved to the right end."""
    width = max(lengths)
    cache = DynamicCache()
    for index in range(len(texts[0])):
        keys, values = (_moved([layers[index][part] for layers in texts], lengths, width) for part in (0, 1))
        cache.update(keys, values, index)
    return cache


def _moved(tensors: Sequence[torch.Tensor], lengths: Sequence[int], width: int) -> torch.Tensor:
    _, heads, _, size = tensors[0].shape
    moved = tensors[0].new_zeros(len(lengths), heads, width, size)
    for row, (tensor, length) in enumerate(zip(tensors, lengths, strict=True)):
        moved[row, :, width - length :] = tensor[0, :, :length]
    return moved


def _end_ids(model: Any, tokenizer: Any) -> list[int]:
    """Tokens that end a text.

    Raises: PolicyError if the model names none.
    """
    configured = model.generation_config.eos_token_id
    found = configured if isinstance(configured, list) else [configured]
    ends = list(dict.fromkeys(token for token in [*found, tokenizer.eos_token_id] if token is not None))
    if not ends:
        raise PolicyError("the model names no token that ends a text; set eos_token_id in its generation_config.json")
    return ends
