"""The value head on tiny models of the supported architectures."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForTokenClassification

from codeodds_trainer.ground.base_model import BaseModelSource
from codeodds_trainer.ground.errors import ModelError
from codeodds_trainer.ground.trie import TokenizedProgram, build_packs
from codeodds_trainer.training.features import run_trunk
from codeodds_trainer.training.prepare import round_weights
from codeodds_trainer.training.train import ValueTail, run_tail
from codeodds_trainer.training.value_model import load_checkpoint, load_value_model, split, value_head
from tests.trainer.tiny_models import ARCHITECTURES, save_base, save_gguf


@pytest.fixture(params=sorted(ARCHITECTURES))
def base(request, tmp_path):
    return save_base(tmp_path / "base", request.param)


def with_random_head(model):
    torch.manual_seed(1)
    torch.nn.init.normal_(value_head(model).weight)
    return model.eval()


def test_the_cut_model_keeps_the_first_layers_of_the_base(base):
    model = load_value_model(BaseModelSource(str(base)), layers=2)
    reference = AutoModelForCausalLM.from_pretrained(base, output_hidden_states=True)
    ids = torch.tensor([[5, 6, 7, 8]])
    assert model.config.num_hidden_layers == len(model.base_model.layers) == 2
    hidden = reference(input_ids=ids).hidden_states[2]
    trunk, _ = split(model, 0)
    assert torch.allclose(trunk(input_ids=ids).last_hidden_state, hidden, atol=1e-5)


def test_weights_rounded_to_bfloat16_stay_float32(base):
    model = load_value_model(BaseModelSource(str(base)))
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    round_weights(model)
    for name, parameter in model.named_parameters():
        assert parameter.dtype == torch.float32
        assert torch.equal(parameter, before[name].bfloat16().float())
    assert any(not torch.equal(parameter, before[name]) for name, parameter in model.named_parameters())


def test_an_untrained_head_says_nothing(base):
    model = load_value_model(BaseModelSource(str(base)))
    assert torch.all(model(input_ids=torch.tensor([[5, 6, 7]])).logits == 0)


@pytest.mark.parametrize("trainable", [0, 1, 3, 4])
def test_trunk_and_tail_compute_what_the_whole_computes_on_every_branch_of_a_trie(base, trainable):
    model = with_random_head(load_value_model(BaseModelSource(str(base))))
    texts = [[4, 5, 6, 7], [4, 5, 8, 9, 10], [4, 5, 8, 3]]
    programs = [TokenizedProgram(torch.tensor(ids).numpy(), 1, True) for ids in texts]
    (pack,) = build_packs(programs, 100)
    trunk, tail = split(model, trainable)
    values, _ = run_tail(ValueTail(tail.eval()), pack, run_trunk(trunk, pack), bfloat16=False)
    for path, index in zip(pack.paths, pack.programs, strict=True):
        whole = model(input_ids=torch.tensor([texts[index]])).logits[0, 1:, 0]
        assert torch.allclose(values[torch.from_numpy(path)], whole, atol=1e-5)


def test_training_the_tail_moves_the_head_and_leaves_the_trunk_bit_identical(base):
    model = with_random_head(load_value_model(BaseModelSource(str(base))))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    trunk, tail = split(model, 1)
    optimizer = torch.optim.AdamW(tail.parameters(), lr=0.1)
    programs = [TokenizedProgram(torch.tensor([4, 5, 6]).numpy(), 1, True)]
    (pack,) = build_packs(programs, 100)
    run_tail(ValueTail(tail), pack, run_trunk(trunk, pack), bfloat16=False)[0].sum().backward()
    optimizer.step()
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert "score.weight" in changed
    assert all(name.startswith(("score.", "model.layers.3.", "model.norm.")) for name in changed)


def test_the_head_survives_saving_and_loading_bit_for_bit(base, tmp_path):
    model = with_random_head(load_value_model(BaseModelSource(str(base)), layers=2))
    model.save_pretrained(tmp_path / "saved")
    loaded = load_checkpoint(tmp_path / "saved")
    for name, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name


def test_a_language_model_without_head_is_refused(base):
    with pytest.raises(ModelError, match="no value head"):
        load_checkpoint(base)


def test_a_classifier_of_something_else_is_refused(base, tmp_path):
    config = AutoConfig.from_pretrained(base, num_labels=3)
    AutoModelForTokenClassification.from_config(config).save_pretrained(tmp_path / "names")
    with pytest.raises(ModelError, match=r"tells 3 labels apart \(LABEL_0, LABEL_1, LABEL_2 \.\.\.\)"):
        load_checkpoint(tmp_path / "names")


@pytest.mark.parametrize("layers", [0, 5])
def test_more_layers_than_there_are_cannot_be_kept(base, layers):
    with pytest.raises(ModelError, match="the model has 4"):
        load_value_model(BaseModelSource(str(base)), layers=layers)


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(ModelError, match="nowhere"):
        load_value_model(BaseModelSource(str(tmp_path / "nowhere")))
    with pytest.raises(ModelError, match="no checkpoint"):
        load_checkpoint(tmp_path / "nowhere")


def test_a_gguf_file_loads_as_the_model_that_it_holds(tmp_path):
    base = save_base(tmp_path / "base", "qwen2")
    source = BaseModelSource(str(save_gguf(tmp_path / "gguf", base)), "tiny.gguf")
    loaded = load_value_model(source, layers=2).base_model.state_dict()
    expected = load_value_model(BaseModelSource(str(base)), layers=2).base_model.state_dict()
    assert loaded.keys() == expected.keys()
    assert all(torch.equal(loaded[name], expected[name]) for name in expected)
