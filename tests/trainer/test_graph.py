"""The exported graph computes what torch computes, for any chunking, and its files stay small."""

from __future__ import annotations

import copy

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from codeodds_trainer.bundling.graph import export_graph
from codeodds_trainer.bundling.quantization import Variant, quantize
from codeodds_trainer.bundling.weights import save_split
from codeodds_trainer.bundling.writer import safe_length
from codeodds_trainer.errors import ExportError
from codeodds_trainer.training.model import BaseModelSource, load_value_model, value_head
from tiny_models import ARCHITECTURES, LONGROPE, save_base

IDS = np.random.default_rng(0).integers(0, 300, (3, 14))


def value_model(folder, architecture, **options):
    model = load_value_model(BaseModelSource(str(save_base(folder, architecture, **options))), layers=3)
    torch.manual_seed(1)
    torch.nn.init.normal_(value_head(model).weight, std=0.3)
    torch.nn.init.constant_(value_head(model).bias, 0.25)
    return model.eval()


def run(session, ids, past=None):
    names = [entry.name for entry in session.get_inputs() if entry.name.startswith("past")]
    past = past or {name: np.zeros((len(ids), 2, 0, 8), dtype=np.float32) for name in names}
    done = past[names[0]].shape[2]
    total = done + ids.shape[1]
    feed = {
        "input_ids": ids,
        "attention_mask": np.ones((len(ids), total), dtype=np.int64),
        "position_ids": np.tile(np.arange(done, total), (len(ids), 1)),
        **past,
    }
    outputs = dict(zip([entry.name for entry in session.get_outputs()], session.run(None, feed), strict=True))
    values = outputs.pop("value")
    return values, {name.replace("present", "past_key_values"): tensor for name, tensor in outputs.items()}


@pytest.fixture(scope="module", params=sorted(ARCHITECTURES))
def exported(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    model = value_model(folder / "base", request.param)
    return model, export_graph(model, folder / "export"), folder


def test_the_graph_computes_what_torch_computes(exported):
    model, graph, folder = exported
    save_split(copy.deepcopy(graph), folder, max_file_mb=1)
    values, _ = run(onnxruntime.InferenceSession(folder / "model.onnx"), IDS)
    with torch.no_grad():
        wanted = model(input_ids=torch.from_numpy(IDS)).logits[..., 0].numpy()
    assert values.shape == (3, 14)
    assert values == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("bits", [None, 4, 8])
@pytest.mark.parametrize("cuts", [[5], [1, 2, 13]])
def test_values_do_not_depend_on_the_chunking(exported, bits, cuts, tmp_path):
    _, graph, _ = exported
    graph = copy.deepcopy(graph)
    if bits is not None:
        graph = quantize(graph, Variant(bits))
    save_split(graph, tmp_path, max_file_mb=1)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    whole, _ = run(session, IDS)
    parts, past = [], None
    for part in np.split(IDS, cuts, axis=1):
        values, past = run(session, part, past)
        parts.append(values)
    assert np.concatenate(parts, axis=1) == pytest.approx(whole, abs=1e-5)


def test_eight_bit_weights_stay_close_and_shrink(exported, tmp_path):
    _, graph, _ = exported
    sizes, values = {}, {}
    for name, made in (("float32", copy.deepcopy(graph)), ("8 bit", quantize(copy.deepcopy(graph), Variant(8)))):
        (tmp_path / name).mkdir()
        save_split(made, tmp_path / name, max_file_mb=1)
        sizes[name] = sum(path.stat().st_size for path in (tmp_path / name).glob("*.bin"))
        values[name], _ = run(onnxruntime.InferenceSession(tmp_path / name / "model.onnx"), IDS)
    assert sizes["8 bit"] < 0.4 * sizes["float32"]
    assert np.abs(values["8 bit"] - values["float32"]).max() < 0.1


def test_large_tensors_go_to_files_below_the_limit(tmp_path):
    tensors = [onnx.numpy_helper.from_array(np.full(150_000, i, np.float32), f"t{i}") for i in range(4)]
    graph = onnx.helper.make_graph([], "g", [], [], tensors)
    files = save_split(onnx.helper.make_model(graph), tmp_path, max_file_mb=1)
    assert files == ["model.onnx", "weights-0.bin", "weights-1.bin", "weights-2.bin", "weights-3.bin"]
    assert all((tmp_path / name).stat().st_size <= 1_000_000 for name in files)
    loaded = onnx.load(tmp_path / "model.onnx")
    assert [onnx.numpy_helper.to_array(tensor)[0] for tensor in loaded.graph.initializer] == [0, 1, 2, 3]
    tensor = onnx.numpy_helper.from_array(np.zeros(300_000, np.float32), "big")
    big = onnx.helper.make_model(onnx.helper.make_graph([], "g", [], [], [tensor]))
    with pytest.raises(ExportError, match="max_file_mb"):
        save_split(big, tmp_path, max_file_mb=1)


def test_a_longrope_model_is_never_run_past_its_original_context(tmp_path):
    model = value_model(
        tmp_path, "phi3", original_max_position_embeddings=64, max_position_embeddings=512, rope_scaling=LONGROPE
    )
    assert safe_length(model.config, 400) == 64
    plain = value_model(tmp_path / "plain", "phi3")
    assert safe_length(plain.config, 400) == 400
    assert safe_length(plain.config, 4000) == 512
