"""From a checkpoint to the ONNX graph of a bundle: optimum export, value output, quantised weights, split files."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from optimum.exporters.onnx import export
from optimum.exporters.tasks import TasksManager
from transformers import PreTrainedModel

from codeodds_trainer.training.model import value_head

OPSET = 18
TASK = "feature-extraction"
HIDDEN = "last_hidden_state"
VALUE = "value"
EMBEDDED_BYTES = 4096
"""Smaller tensors stay inside the .onnx file."""
ALIGNMENT = 4096
"""Tensors start at multiples of this in their file, so that they can be memory-mapped."""


def export_graph(model: PreTrainedModel, folder: Path) -> onnx.ModelProto:
    """Export a value model with its key/value cache; weights float32.

    The body is exported by optimum with past keys and values as inputs and outputs; the head is appended to
    `last_hidden_state`. `folder` receives optimum's files and may be deleted afterwards.
    """
    body = model.base_model
    body.config.use_cache = True
    make_config = TasksManager.get_exporter_config_constructor(
        "onnx", model=body, task=TASK, library_name="transformers"
    )
    config = make_config(body.config, task=TASK, use_past=True, use_past_in_inputs=True)
    folder.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # Tracing warns of every Python branch; the tests compare the graph with torch for any chunking instead.
        warnings.simplefilter("ignore")
        export(body.eval(), config, folder / "body.onnx", opset=OPSET)
    graph = onnx.load(folder / "body.onnx")
    head = value_head(model)
    weight = head.weight.detach().float().numpy().T
    bias = head.bias.detach().float().numpy() if head.bias is not None else np.zeros(1, dtype=np.float32)
    append_value(graph, weight, bias)
    return graph


def append_value(model: onnx.ModelProto, weight: np.ndarray, bias: np.ndarray) -> None:
    """Replace the output `last_hidden_state` [batch, sequence, hidden] by `value` [batch, sequence], in place.

    `weight`: float32 [hidden, 1]; `bias`: float32 [1].
    """
    graph = model.graph
    ids = next(entry for entry in graph.input if entry.name == "input_ids")
    batch, sequence = (dim.dim_param for dim in ids.type.tensor_type.shape.dim)
    graph.initializer.extend(
        [
            numpy_helper.from_array(np.ascontiguousarray(weight, dtype=np.float32), "value_head.weight"),
            numpy_helper.from_array(np.asarray(bias, dtype=np.float32), "value_head.bias"),
            numpy_helper.from_array(np.asarray([2], dtype=np.int64), "value_head.axis"),
        ]
    )
    graph.node.extend(
        [
            helper.make_node("MatMul", [HIDDEN, "value_head.weight"], ["value_head.product"], "value_head/MatMul"),
            helper.make_node("Add", ["value_head.product", "value_head.bias"], ["value_head.sum"], "value_head/Add"),
            helper.make_node("Squeeze", ["value_head.sum", "value_head.axis"], [VALUE], "value_head/Squeeze"),
        ]
    )
    value = helper.make_tensor_value_info(VALUE, TensorProto.FLOAT, [batch, sequence])
    outputs = [value, *(output for output in graph.output if output.name != HIDDEN)]
    del graph.output[:]
    graph.output.extend(outputs)


def quantize(model: onnx.ModelProto, bits: int, block_size: int, accuracy_level: int) -> onnx.ModelProto:
    """Store the weights of all matrix products but the head's in 4 or 8 bits (MatMulNBits), the embedding in 8.

    `quantize_dynamic` is not used: its activation scale spans a whole chunk, so a score would depend on the chunking.
    """
    # The name of the module's logger is its path; it reports every node at INFO.
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    quantize_embedding(model)
    with _quiet("onnxruntime.quantization.matmul_nbits_quantizer"):
        quantizer = MatMulNBitsQuantizer(
            model,
            bits=bits,
            block_size=block_size,
            is_symmetric=True,
            accuracy_level=accuracy_level,
            nodes_to_exclude=["value_head/MatMul"],
        )
        quantizer.process()
    return quantizer.model.model


def quantize_embedding(model: onnx.ModelProto) -> None:
    """Store the embedding as int8 with one float32 scale per row, in place: Gather, Cast, Mul. Exact for any
    chunking.
    """
    graph = model.graph
    tables = {tensor.name: tensor for tensor in graph.initializer if len(tensor.dims) == 2}
    node = next(node for node in graph.node if node.op_type == "Gather" and node.input[0] in tables)
    table, ids, output = tables[node.input[0]], node.input[1], node.output[0]
    rows = numpy_helper.to_array(table)
    scales = np.maximum(np.abs(rows).max(axis=1, keepdims=True) / 127, np.float32(1e-12)).astype(np.float32)
    integers = np.clip(np.rint(rows / scales), -127, 127).astype(np.int8)
    graph.initializer.remove(table)
    graph.initializer.extend(
        [numpy_helper.from_array(integers, "embedding.int8"), numpy_helper.from_array(scales, "embedding.scale")]
    )
    position = list(graph.node).index(node)
    graph.node.remove(node)
    for offset, new in enumerate(
        [
            helper.make_node("Gather", ["embedding.int8", ids], ["embedding.rows"], "embedding/Gather"),
            helper.make_node("Cast", ["embedding.rows"], ["embedding.cast"], "embedding/Cast", to=TensorProto.FLOAT),
            helper.make_node("Gather", ["embedding.scale", ids], ["embedding.scales"], "embedding/GatherScale"),
            helper.make_node("Mul", ["embedding.cast", "embedding.scales"], [output], "embedding/Mul"),
        ]
    ):
        graph.node.insert(position + offset, new)


def save_split(model: onnx.ModelProto, folder: Path, max_file_mb: int) -> list[str]:
    """Write ``model.onnx`` and its large tensors to ``weights-N.bin``, none larger than `max_file_mb`.

    Returns: the names of the files written. Raises: ValueError for a single tensor above the limit.
    """
    limit = max_file_mb * 1_000_000
    files = ["model.onnx"]
    data = None
    try:
        for tensor in model.graph.initializer:
            raw = numpy_helper.to_array(tensor).tobytes()
            if len(raw) <= EMBEDDED_BYTES:
                continue
            if len(raw) > limit:
                raise ValueError(
                    f"tensor {tensor.name} has {len(raw):,} bytes; raise export.max_file_mb ({max_file_mb})"
                )
            if data is None or data.tell() + len(raw) + ALIGNMENT > limit:
                if data is not None:
                    data.close()
                files.append(f"weights-{len(files) - 1}.bin")
                data = (folder / files[-1]).open("wb")
            data.write(b"\0" * (-data.tell() % ALIGNMENT))
            _point_outside(tensor, files[-1], data.tell(), len(raw))
            data.write(raw)
    finally:
        if data is not None:
            data.close()
    onnx.save(model, folder / "model.onnx")
    return files


def _point_outside(tensor: TensorProto, location: str, offset: int, length: int) -> None:
    for name in ("raw_data", "float_data", "int32_data", "int64_data"):
        tensor.ClearField(name)
    del tensor.external_data[:]
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        tensor.external_data.add(key=key, value=str(value))


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
