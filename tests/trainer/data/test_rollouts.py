"""Rollouts: the scheme, a tiny local policy against a slow reference, and files that survive a kill."""

from __future__ import annotations

import msgspec
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from codeodds_trainer.data.problems.problem import Problem
from codeodds_trainer.data.rollouts.local import LocalPolicy, _batched
from codeodds_trainer.data.rollouts.sample import RolloutRow, fingerprint, sample_batch, sample_problems, sample_with
from codeodds_trainer.data.rollouts.scheme import Sample, Sampling, choose_forks, cut, cut_tokens
from codeodds_trainer.ground.base_model import BaseModelSource
from codeodds_trainer.ground.errors import DataError, PolicyError
from tests.trainer.tiny_models import ARCHITECTURES, save_base

PROMPTS = ["def add(a, b):\n    ", "import math\n\n\nclass Shape:\n    def area(self):\n        "]
PAPER = Sampling()


@pytest.mark.parametrize(
    ("text", "kept", "ended"),
    [
        ("    return 1\n", "    return 1\n", False),
        ("    return 1\nprint(1)\n", "    return 1\n", True),
        ("    x = 1\n\n\n    return x\n\n\ndef g():\n", "    x = 1\n\n\n    return x\n", True),
        ("    return 1\n# done", "    return 1\n", True),
        ("    s = '''\na'''\n", "    s = '''\n", True),
        ("", "", False),
        ("return 1", "return 1", False),
    ],
)
def test_a_completion_ends_with_its_function(text, kept, ended):
    assert cut(text, True) == (kept, ended)
    assert cut(text, False) == (text, False)


def test_the_paper_samples_36_forks():
    assert (PAPER.main_rollouts, PAPER.forking_tokens, PAPER.rollouts_per_fork) == (1, 6, 6)
    assert PAPER.rollouts == 37


def test_forks_are_at_the_tokens_of_lowest_probability():
    sample = Sample("abcde", "length", ("a", "b", "c", "d", "e"), (0.9, 0.1, 0.5, 0.1, 0.8))
    assert [(fork.index, fork.prefix, fork.probability) for fork in choose_forks(sample, 3)] == [
        (1, "a", 0.1),
        (2, "ab", 0.5),
        (3, "abc", 0.1),
    ]
    assert len(choose_forks(sample, 9)) == 5


@given(st.lists(st.text(max_size=3), max_size=8), st.integers(0, 20))
def test_kept_tokens_cover_the_text_and_no_token_more(tokens, length):
    kept = cut_tokens(tokens, length)
    assert len("".join(tokens[:kept])) >= min(length, len("".join(tokens)))
    assert kept == 0 or len("".join(tokens[: kept - 1])) < length


@pytest.fixture(params=sorted(ARCHITECTURES))
def policy(request, tmp_path):
    return LocalPolicy(BaseModelSource(str(save_base(tmp_path / "base", request.param))), batch_size=5)


SHORT = Sampling(max_tokens=24, stop_at_function_end=False, forking_tokens=3, rollouts_per_fork=4)


def reference_probabilities(policy, prompt, sample):
    """One forward pass for each token, without a cache."""
    start = policy._encode(prompt)
    values = []
    for index, token in enumerate(sample.ids):
        ids = torch.tensor([[*start, *sample.ids[:index]]])
        values.append(policy._model(ids).logits[0, -1].float().softmax(-1)[token].item())
    return values


def test_probabilities_are_the_models_own(policy):
    for prompt, (sample, *_) in zip(PROMPTS, policy.main_rollouts(PROMPTS, SHORT, seed=3), strict=True):
        assert len(sample.ids) == len(sample.tokens) == len(sample.probabilities) > 3
        assert "".join(sample.tokens) == sample.completion
        assert sample.probabilities == pytest.approx(
            reference_probabilities(policy, prompt, sample), rel=0.05, abs=1e-4
        )


def test_a_fork_starts_from_the_main_rollouts_own_keys_and_values(policy):
    """The next token's distribution after a fork, from the shared cache and from nothing."""
    (main, *_), *_ = policy.main_rollouts(PROMPTS, SHORT, seed=5)
    start = policy._encode(PROMPTS[0])
    ids = [*start, *main.ids]
    lengths = [len(start) + 2, len(start) + 9, len(start) + 1]
    cache = _batched([policy._run(ids)[1]] * 3, [length - 1 for length in lengths])
    width = max(lengths)
    mask = torch.tensor([[0] * (width - length) + [1] * length for length in lengths])
    last = torch.tensor([[ids[length - 1]] for length in lengths])
    positions = torch.tensor([[length - 1] for length in lengths])
    found = policy._model(last, attention_mask=mask, position_ids=positions, past_key_values=cache).logits[:, -1]
    for row, length in enumerate(lengths):
        expected = policy._model(torch.tensor([ids[:length]])).logits[0, -1]
        assert torch.allclose(found[row].float(), expected.float(), atol=0.05)


def test_forked_rollouts_keep_their_prefix_and_differ_after_it(policy):
    (main, *_), *_ = policy.main_rollouts(PROMPTS[:1], SHORT, seed=5)
    forks = choose_forks(main, 3)
    branches = policy.forked_rollouts(PROMPTS[0], main, forks, SHORT, seed=6)
    assert [len(branch) for branch in branches] == [4, 4, 4]
    for fork, branch in zip(forks, branches, strict=True):
        assert all(sample.completion.startswith(fork.prefix) for sample in branch)
        assert len({sample.completion for sample in branch}) > 1
        assert all(len(sample.ids) <= SHORT.max_tokens for sample in branch)


def problems(count):
    return [Problem(problem_id=f"toy/{n}", prompt=f"def f{n}(a, b):\n", tests=["assert 1"]) for n in range(count)]


class Scripted:
    """A policy that counts its calls and may fail."""

    name = "scripted"

    def __init__(self, fail_after=99):
        self.calls = 0
        self.fail_after = fail_after

    def main_rollouts(self, prompts, sampling, seed):
        self.calls += 1
        if self.calls > self.fail_after:
            raise PolicyError("the server went away")
        return [
            [Sample(f"    return {seed}\n", "end of text", ("    return", f" {seed}\n"), (0.5, 0.2))] for _ in prompts
        ]

    def forked_rollouts(self, prompt, main, forks, sampling, seed):
        return [[Sample(fork.prefix + " 0\n", "end of text")] * sampling.rollouts_per_fork for fork in forks]


def sample(count, policy, sampling, out, per_batch=2):
    return sample_problems(
        problems(count), sample_with(policy, sampling), fingerprint(policy.name, sampling), out, per_batch
    )


def test_a_run_that_was_ended_goes_on_and_gives_what_it_would_have_given(tmp_path):
    sampling = Sampling(forking_tokens=1, rollouts_per_fork=2)
    whole = sample(7, Scripted(), sampling, tmp_path / "whole.jsonl")
    out = tmp_path / "part.jsonl"
    with pytest.raises(PolicyError):
        sample(7, Scripted(fail_after=2), sampling, out)
    with out.open("ab") as file:
        file.write(msgspec.json.encode(whole[4])[:50])  # what a kill leaves of a row
    again = Scripted()
    rows = sample(7, again, sampling, out)
    assert again.calls == 2
    assert rows == whole
    assert [len(row.rollouts) for row in rows] == [3] * 7
    assert [rollout.fork for rollout in rows[0].rollouts] == [None, "    return", "    return"]
    assert [rollout.fork_prob for rollout in rows[0].rollouts] == [None, 0.2, 0.2]
    assert [msgspec.json.decode(line, type=RolloutRow) for line in out.read_bytes().splitlines()] == whole


def test_a_file_holds_rollouts_of_one_kind(tmp_path):
    out = tmp_path / "rows.jsonl"
    sample(1, Scripted(), Sampling(), out)
    with pytest.raises(DataError, match="name another file with --out"):
        sample(1, Scripted(), Sampling(temperature=0.5), out)


def test_the_same_problems_give_the_same_rollouts(policy):
    first, second = (list(sample_batch(problems(2), policy, SHORT)) for _ in range(2))
    assert first == second
    assert {rollout.fork_index is None for rollout in first[0].rollouts} == {True, False}
