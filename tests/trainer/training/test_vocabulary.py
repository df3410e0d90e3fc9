"""A pruned tokenizer is exact for texts whose tokens it keeps, and lossless for all others."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from codeodds_trainer.training.vocabulary import prune
from tests.trainer.tiny_models import CORPUS, train_tokenizer

FULL = train_tokenizer(400)
KEPT_TEXT = CORPUS[0]
CONTENT, OLD_IDS = prune(json.loads(FULL.to_str()), set(FULL.encode(KEPT_TEXT).ids))
PRUNED = Tokenizer.from_str(json.dumps(CONTENT))


def test_dropped_tokens_shrink_the_vocabulary_and_ids_stay_in_order():
    assert PRUNED.get_vocab_size() == len(OLD_IDS) < FULL.get_vocab_size()
    assert np.all(np.diff(OLD_IDS) > 0)
    assert all(FULL.id_to_token(int(old)) == PRUNED.id_to_token(new) for new, old in enumerate(OLD_IDS))


def test_a_text_of_kept_tokens_is_encoded_alike():
    assert [int(OLD_IDS[index]) for index in PRUNED.encode(KEPT_TEXT).ids] == FULL.encode(KEPT_TEXT).ids


@given(st.lists(st.sampled_from(KEPT_TEXT.split(" ")), max_size=8), st.text(max_size=10))
def test_any_text_survives_and_is_encoded_alike_wherever_nothing_was_dropped(words, noise):
    text = " ".join([*words, noise])
    full = FULL.encode(text).ids
    pruned = PRUNED.encode(text).ids
    assert PRUNED.decode(pruned) == FULL.decode(full)
    if set(full) <= set(OLD_IDS.tolist()):
        assert [int(OLD_IDS[index]) for index in pruned] == full


def test_a_special_token_among_the_first_ids_keeps_a_row_of_its_own():
    content, old_ids = prune(json.loads(FULL.to_str()), set(range(300)))
    ids = Tokenizer.from_str(json.dumps(content)).get_vocab()
    assert ids["<|endoftext|>"] == 0
    assert sorted(ids.values()) == list(range(len(old_ids)))


def test_only_bpe_can_be_pruned():
    with pytest.raises(ValueError, match="only BPE"):
        prune({"model": {"type": "Unigram"}}, set())
