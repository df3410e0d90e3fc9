"""Leaves out the tokens that code never uses, so that the embedding, a third of a small model, shrinks.

The tokenizer stays exact for the rest. Byte-pair encoding applies its merges in order of rank and never undoes one. If
every token of a text's encoding is kept, with every token on its merge path, then each merge that the full tokenizer
applies is also in the pruned one, and none of the pruned one's merges outranks it: both encode the text alike. A text
that needs a dropped token is still encoded, without loss, in shorter pieces: all 256 byte tokens are always kept.
"""

from __future__ import annotations

import copy
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer
from tqdm import tqdm

BYTE_TOKENS = 256


def count_tokens(tokenizer: Tokenizer, texts: Iterable[str], batch_texts: int = 64) -> Counter[int]:
    """How often each token id occurs in the texts."""
    counts: Counter[int] = Counter()
    batch: list[str] = []
    for text in tqdm(texts, desc="counting tokens", unit="file"):
        batch.append(text)
        if len(batch) == batch_texts:
            _count_batch(tokenizer, batch, counts)
            batch = []
    _count_batch(tokenizer, batch, counts)
    return counts


def _count_batch(tokenizer: Tokenizer, batch: list[str], counts: Counter[int]) -> None:
    for encoding in tokenizer.encode_batch(batch, add_special_tokens=False):
        counts.update(encoding.ids)


def python_files(folders: Iterable[Path], max_bytes: int = 400_000) -> Iterator[str]:
    """The text of every Python file below the folders, sorted by path; files that are not UTF-8 or larger are left
    out.
    """
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            if not path.is_file() or path.stat().st_size > max_bytes:
                continue
            try:
                yield path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def merge_path(token: str, ranks: dict[tuple[str, str], int]) -> set[str]:
    """The token and every intermediate token that byte-pair encoding makes on the way from its bytes to it."""
    parts = list(token)
    seen = set(parts)
    while len(parts) > 1:
        ranked = [(ranks[pair], i) for i, pair in enumerate(itertools.pairwise(parts)) if pair in ranks]
        if not ranked:
            break
        best = parts[min(ranked)[1]], parts[min(ranked)[1] + 1]
        merged: list[str] = []
        for part in parts:
            if merged and (merged[-1], part) == best:
                merged[-1] += part
            else:
                merged.append(part)
        # A pair may overlap itself ("aaa"): a joined part must not join again in this pass, which ranks guarantee,
        # because the joined text differs from both halves.
        parts = merged
        seen.update(parts)
    return seen


def prune(tokenizer_json: dict[str, Any], keep: set[int]) -> tuple[dict[str, Any], npt.NDArray[np.int64]]:
    """Cut a byte-level BPE tokenizer down to the tokens `keep`, their merge paths, all bytes and all added tokens kept.

    Returns: the new tokenizer.json content, and the old id of each new id, int64 [new vocabulary], in ascending order.
    Raises: ValueError for a tokenizer that is not BPE.
    """
    model = tokenizer_json["model"]
    if model.get("type") != "BPE":
        raise ValueError(f"only BPE tokenizers can be pruned, this one is {model.get('type')!r}; skip the pruning step")
    vocab: dict[str, int] = model["vocab"]
    merges = [_pair(merge) for merge in model["merges"]]
    ranks = {merge: rank for rank, merge in enumerate(merges)}
    token_of = {index: token for token, index in vocab.items()}
    added = tokenizer_json.get("added_tokens", [])
    kept_added = [entry for entry in added if entry["id"] in keep]
    # An added token that is in the vocabulary too must stay in both, or readers number it anew.
    wanted = {token for token in vocab if len(token) == 1} | {entry["content"] for entry in kept_added} & vocab.keys()
    for index in keep:
        if index in token_of:
            wanted |= merge_path(token_of[index], ranks)
    kept = sorted(vocab[token] for token in wanted)
    old_ids = sorted({*kept, *(entry["id"] for entry in kept_added)})
    new_id = {old: new for new, old in enumerate(old_ids)}
    pruned = copy.deepcopy(tokenizer_json)
    pruned["model"]["vocab"] = {token_of[old]: new_id[old] for old in kept}
    pruned["model"]["merges"] = [list(pair) for pair in merges if {pair[0], pair[1], pair[0] + pair[1]} <= wanted]
    pruned["added_tokens"] = [{**entry, "id": new_id[entry["id"]]} for entry in kept_added]
    return pruned, np.asarray(old_ids, dtype=np.int64)


def _pair(merge: str | list[str]) -> tuple[str, str]:
    """A merge rule as tokenizer.json holds it: two tokens in a list, or in one string with a space between."""
    left, right = merge.split(" ", 1) if isinstance(merge, str) else merge
    return left, right


def prune_file(source: Path, keep: set[int], target: Path) -> npt.NDArray[np.int64]:
    """`prune` from file to file; returns the old id of each new id."""
    pruned, old_ids = prune(json.loads(source.read_text(encoding="utf-8")), keep)
    target.write_text(json.dumps(pruned, ensure_ascii=False), encoding="utf-8")
    Tokenizer.from_file(str(target))
    return old_ids
