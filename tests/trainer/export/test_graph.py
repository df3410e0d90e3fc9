"""The exported graph computes what torch computes, for any chunking, and its files stay small."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from safetensors.numpy import load_file

from codeodds_trainer.export.graph import HEAD_BIAS, HEAD_WEIGHT, export_graph
from codeodds_trainer.export.quantization import Variant, parse_variant, quantize
from codeodds_trainer.export.weights import EMBEDDED_BYTES, save_split
from codeodds_trainer.export.writer import safe_length
from codeodds_trainer.ground.errors import ExportError
from codeodds_trainer.training.value_model import LARGEST_FAULT, load_checkpoint
from tests.trainer.exported_models import LONGROPE_LENGTH, value_model
from tests.trainer.tiny_models import ARCHITECTURES

IDS = np.random.default_rng(0).integers(0, 300, (3, 14))


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
    del outputs["hidden"]
    return values, {name.replace("present", "past_key_values"): tensor for name, tensor in outputs.items()}


@pytest.fixture(scope="module", params=sorted(ARCHITECTURES))
def exported(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    model = value_model(folder / "base", request.param, initializer_range=0.2)
    return model, export_graph(model, folder / "export"), folder


def test_the_graph_computes_what_torch_computes(exported):
    model, graph, folder = exported
    save_split(copy.deepcopy(graph), folder, max_file_mb=1)
    values, _ = run(onnxruntime.InferenceSession(folder / "model.onnx"), IDS)
    with torch.no_grad():
        wanted = model(input_ids=torch.from_numpy(IDS)).logits[..., 0].numpy()
    assert values.shape == (3, 14)
    assert values == pytest.approx(wanted, abs=1e-5)


def test_another_head_leaves_the_files_of_weights_as_they_are(tmp_path):
    contents = []
    for faults in (0, 40):
        folder = tmp_path / str(faults)
        model = value_model(folder / "base", "phi3", faults, initializer_range=0.2)
        files = save_split(export_graph(model, folder / "export"), folder, max_file_mb=1)
        contents.append([(folder / name).read_bytes() for name in files[1:]])
        (head,) = [item for item in onnx.load(folder / "model.onnx").graph.initializer if item.name == HEAD_WEIGHT]
        assert head.data_location == onnx.TensorProto.DEFAULT
    assert EMBEDDED_BYTES < 4 * 32 * 41
    assert contents[0] == contents[1]


@pytest.mark.parametrize("faults", [1, 3])
def test_a_head_that_looks_for_faults_is_one_value_in_the_graph(faults, tmp_path):
    model = value_model(tmp_path / "base", "phi3", faults, initializer_range=0.2)
    save_split(quantize(export_graph(model, tmp_path / "export"), parse_variant("float32")), tmp_path, max_file_mb=1)
    values, _ = run(onnxruntime.InferenceSession(tmp_path / "model.onnx"), IDS)
    with torch.no_grad():
        outputs = model(input_ids=torch.from_numpy(IDS)).logits.numpy()
    assert outputs.shape == (3, 14, 1 + faults)
    wanted = outputs[..., 0] - np.exp(np.minimum(outputs[..., 1:], LARGEST_FAULT)).sum(axis=-1)
    # Exponentials reach 148 here.
    assert values == pytest.approx(wanted, abs=1e-5, rel=1e-5)
    assert np.ptp(wanted - outputs[..., 0]) > 0.1


VARIANTS = ("float32", "8bit-b32", "4bit-b32", "4bit-b16", "4bit-b32-e4")


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("cuts", [[5], [2, 4, 12]])
def test_values_do_not_depend_on_the_chunking(exported, variant, cuts, tmp_path):
    """Of quantised graphs this holds for runs of two tokens or more; the engine makes no others."""
    _, graph, _ = exported
    save_split(quantize(copy.deepcopy(graph), parse_variant(variant)), tmp_path, max_file_mb=1)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    whole, _ = run(session, IDS)
    parts, past = [], None
    for part in np.split(IDS, cuts, axis=1):
        values, past = run(session, part, past)
        parts.append(values)
    assert np.concatenate(parts, axis=1) == pytest.approx(whole, abs=1e-5)


@pytest.mark.parametrize("variant", VARIANTS[1:])
def test_every_matrix_but_the_heads_is_quantised_as_asked(exported, variant):
    _, graph, _ = exported
    wanted = parse_variant(variant)
    made = quantize(copy.deepcopy(graph), wanted)
    nodes = [node for node in made.graph.node if node.op_type == "MatMulNBits"]
    stored = {tensor.name for tensor in made.graph.initializer}
    left = [node.input[1] for node in made.graph.node if node.op_type == "MatMul" and node.input[1] in stored]
    assert left == [HEAD_WEIGHT]
    assert len(nodes) == len([node for node in graph.graph.node if node.op_type == "MatMul"]) - len(
        [node for node in made.graph.node if node.op_type == "MatMul"]
    )
    for node in nodes:
        settings = {attribute.name: attribute.i for attribute in node.attribute}
        assert (settings["bits"], settings["block_size"], settings["accuracy_level"]) == (
            wanted.bits,
            wanted.block_size,
            4,
        )
        assert len([name for name in node.input if name]) == 3, "no offsets"


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("embedding", [4, 8])
def test_a_variants_name_says_all_of_it(bits, embedding):
    variant = Variant(bits, 64, embedding)
    assert parse_variant(variant.name) == variant


def test_the_head_is_the_checkpoints_bit_for_bit(exported, tmp_path):
    model, _, _ = exported
    model.save_pretrained(tmp_path / "checkpoint")
    saved = load_file(tmp_path / "checkpoint" / "model.safetensors")
    graph = export_graph(load_checkpoint(tmp_path / "checkpoint"), tmp_path / "export")
    save_split(quantize(graph, Variant(4, 16)), tmp_path, max_file_mb=1)
    tensors = {tensor.name: tensor for tensor in onnx.load(tmp_path / "model.onnx").graph.initializer}
    for name, wanted in ((HEAD_WEIGHT, saved["score.weight"].T), (HEAD_BIAS, saved["score.bias"])):
        found = onnx.numpy_helper.to_array(tensors[name])
        assert found.shape == wanted.shape
        assert found.tobytes() == np.ascontiguousarray(wanted).tobytes()


def test_exporting_leaves_the_model_as_it_was(exported, tmp_path):
    model, _, _ = exported
    with torch.no_grad():
        before = model(input_ids=torch.from_numpy(IDS)).logits
        export_graph(model, tmp_path / "export")
        assert torch.equal(model(input_ids=torch.from_numpy(IDS)).logits, before)
    assert not (tmp_path / "export").exists()


def test_an_architecture_that_optimum_does_not_know_is_an_error(exported, tmp_path):
    model, _, _ = exported
    strange = copy.deepcopy(model)
    strange.config.model_type = strange.base_model.config.model_type = "strange"
    with pytest.raises(ExportError, match="optimum cannot export the architecture 'strange'"):
        export_graph(strange, tmp_path / "export")


def test_eight_bit_weights_stay_close_and_shrink(exported, tmp_path):
    _, graph, _ = exported
    sizes, values = {}, {}
    for name in ("float32", "8bit-b32"):
        (tmp_path / name).mkdir()
        save_split(quantize(copy.deepcopy(graph), parse_variant(name)), tmp_path / name, max_file_mb=1)
        sizes[name] = sum(path.stat().st_size for path in (tmp_path / name).glob("*.bin"))
        values[name], _ = run(onnxruntime.InferenceSession(tmp_path / name / "model.onnx"), IDS)
    assert sizes["8bit-b32"] < 0.45 * sizes["float32"]
    assert np.abs(values["8bit-b32"] - values["float32"]).mean() < 0.05 * values["float32"].std()


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


@pytest.mark.parametrize(
    "settings",
    [
        {"rope_scaling": {"type": "longrope"}, "original_max_position_embeddings": 64},
        {"rope_scaling": {"rope_type": "longrope"}, "original_max_position_embeddings": 64},
        {"rope_scaling": {"rope_type": "longrope", "original_max_position_embeddings": 64}},
        {"rope_scaling": None, "rope_parameters": {"rope_type": "longrope", "original_max_position_embeddings": 64}},
        {"rope_parameters": {"rope_type": "longrope", "type": "longrope"}, "original_max_position_embeddings": 64},
    ],
)
def test_a_longrope_model_stops_at_its_original_context_however_it_is_spelt(settings):
    assert safe_length(SimpleNamespace(max_position_embeddings=512, **settings), 400) == 64


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"rope_scaling": None},
        {"rope_parameters": {"rope_type": "default"}},
        {"original_max_position_embeddings": 64},
    ],
)
def test_other_models_stop_where_the_recipe_or_the_model_says(settings):
    config = SimpleNamespace(max_position_embeddings=512, **settings)
    assert safe_length(config, 400) == 400
    assert safe_length(config, 4000) == 512


def test_the_library_spells_longrope_in_a_way_that_is_read(tmp_path):
    model = value_model(tmp_path, "phi3-longrope")
    assert safe_length(model.config, 400) == LONGROPE_LENGTH
