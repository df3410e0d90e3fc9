"""Graphs that do not fit their manifest are refused before anything runs, with the tensor's name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import msgspec
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from codeodds.bundle.loader import load_bundle
from codeodds.bundle.manifest import Graph
from codeodds.engine.onnx import OnnxModel
from codeodds.errors import BundleUnsupported, EngineError
from tests.engine.tiny import LAYERS

Change = Callable[[onnx.ModelProto], None]


def rename(old: str, new: str) -> Change:
    """Rename an input or output of the graph."""

    def change(model: onnx.ModelProto) -> None:
        for node in model.graph.node:
            node.input[:] = [new if name == old else name for name in node.input]
            node.output[:] = [new if name == old else name for name in node.output]
        for entry in [*model.graph.input, *model.graph.output]:
            entry.name = new if entry.name == old else entry.name

    return change


def fix_batch(model: onnx.ModelProto) -> None:
    """Accept batches of one only."""
    entry = next(entry for entry in model.graph.input if entry.name == "input_ids")
    entry.type.tensor_type.shape.dim[0].dim_value = 1


def drop_value(model: onnx.ModelProto) -> None:
    kept = [entry for entry in model.graph.output if entry.name != "value"]
    del model.graph.output[:]
    model.graph.output.extend(kept)


def make_value_integer(model: onnx.ModelProto) -> None:
    drop_value(model)
    model.graph.node.append(helper.make_node("Cast", ["value"], ["rounded"], to=TensorProto.INT64))
    model.graph.output.append(helper.make_tensor_value_info("rounded", TensorProto.INT64, ["b", "s"]))
    rename("value", "logits")(model)
    rename("rounded", "value")(model)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (rename("position_ids", "positions"), "input tensor 'position_ids' is missing"),
        (rename("past_key_values.1.value", "past.1"), r"input tensor 'past_key_values\.1\.value' is missing"),
        (rename("present.0.key", "new.0"), r"output tensor 'present\.0\.key' is missing"),
        (drop_value, "output tensor 'value' is missing"),
        (make_value_integer, r"output tensor 'value' has type tensor\(int64\), not tensor\(float\)"),
        (fix_batch, "input tensor 'input_ids' has size 1 in dimension 0, but it must be free"),
    ],
)
def test_wrong_tensor_is_named(tiny_bundle: Path, tmp_path: Path, change: Change, message: str) -> None:
    bundle = load_bundle(tiny_bundle)
    model = onnx.load(bundle.graph_path)
    change(model)
    onnx.save(model, tmp_path / "model.onnx")
    with pytest.raises(BundleUnsupported, match=rf"model\.onnx: the {message}.*; export the bundle again"):
        OnnxModel(tmp_path / "model.onnx", bundle.manifest.graph, threads=1)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"layers": LAYERS + 1}, r"'past_key_values\.2\.key' is missing"),
        ({"layers": LAYERS - 1}, r"'past_key_values\.1\.key' is not one that this version feeds"),
        ({"kv_heads": 7}, r"'past_key_values\.0\.key' has size 2 in dimension 1, but the manifest says 7"),
        ({"head_size": 16}, r"'past_key_values\.0\.key' has size 8 in dimension 3, but the manifest says 16"),
        ({"kv_dtype": "float16"}, r"'past_key_values\.0\.key' has type tensor\(float\), not tensor\(float16\)"),
    ],
)
def test_wrong_manifest_is_found(tiny_bundle: Path, fields: dict[str, object], message: str) -> None:
    bundle = load_bundle(tiny_bundle)
    graph: Graph = msgspec.structs.replace(bundle.manifest.graph, **fields)
    with pytest.raises(BundleUnsupported, match=message):
        OnnxModel(bundle.graph_path, graph, threads=1)


@pytest.mark.parametrize("content", [b"", b"not a graph", None])
def test_a_file_that_is_no_graph(tiny_bundle: Path, tmp_path: Path, content: bytes | None) -> None:
    place = tmp_path / "model.onnx"
    if content is not None:
        place.write_bytes(content)
    with pytest.raises(BundleUnsupported, match=r"model\.onnx: onnxruntime .* cannot open this graph"):
        OnnxModel(place, load_bundle(tiny_bundle).manifest.graph, threads=1)


def test_missing_weights(tiny_bundle: Path, tmp_path: Path) -> None:
    """The graph alone, without the file that holds its large tensors."""
    (tmp_path / "model.onnx").write_bytes((tiny_bundle / "model.onnx").read_bytes())
    with pytest.raises(BundleUnsupported, match=r"weights-0\.bin"):
        OnnxModel(tmp_path / "model.onnx", load_bundle(tiny_bundle).manifest.graph, threads=1)


FAILURES: dict[str, tuple[Exception, bool]] = {
    "the C++ library": (RuntimeError("Exception during initialization: std::bad_alloc"), True),
    "the runtime's allocator": (RuntimeError("Failed to allocate memory for requested buffer of size 9"), True),
    "Linux": (RuntimeError("mmap failed: Cannot allocate memory"), True),
    "Windows": (RuntimeError("The paging file is too small for this operation to complete."), True),
    "Python": (MemoryError(), True),
    "an operator that is not known": (RuntimeError("Fatal error: com.x:Y is not a registered function/op"), False),
}


@pytest.mark.parametrize(("failure", "memory"), FAILURES.values(), ids=FAILURES)
def test_only_a_graph_that_is_not_understood_is_the_bundles_fault(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception, memory: bool
) -> None:
    bundle = load_bundle(tiny_bundle)
    model = OnnxModel(bundle.graph_path, bundle.manifest.graph, threads=1)

    def fail(*arguments: object, **options: object) -> None:
        raise failure

    monkeypatch.setattr(model, "_session", SimpleNamespace(run=fail))
    advice = "close other programs" if memory else "export the bundle again"
    with pytest.raises(EngineError, match=advice):
        model.run(np.zeros((1, 2), dtype=np.int64), model.empty_memory())
    monkeypatch.setattr("codeodds.engine.onnx.ort.InferenceSession", fail)
    with pytest.raises(EngineError if memory else BundleUnsupported, match=advice):
        OnnxModel(bundle.graph_path, bundle.manifest.graph, threads=1)
