"""Stores a graph's embedding in fewer bits. Looking a row up is exact, whatever it is looked up with: no chunking can
change a score.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

EmbeddingBits = Literal[4, 8]
BLOCK = 32
"""Consecutive values of a row that share a scale, in 4 bits."""
OFFSET = 8
"""What GatherBlockQuantized takes from an unsigned 4-bit integer."""


def quantize_embedding(model: onnx.ModelProto, bits: EmbeddingBits) -> None:
    """Replace the embedding, in place: in 8 bits with a float32 scale for each row, in 4 with one for each block of a
    row (GatherBlockQuantized). A row whose width is no multiple of the block stays in 8 bits.
    """
    graph = model.graph
    tables = {tensor.name: tensor for tensor in graph.initializer if len(tensor.dims) == 2}
    node = next(node for node in graph.node if node.op_type == "Gather" and node.input[0] in tables)
    table, ids, output = tables[node.input[0]], node.input[1], node.output[0]
    rows = numpy_helper.to_array(table)
    graph.initializer.remove(table)
    position = list(graph.node).index(node)
    graph.node.remove(node)
    if bits == 4 and rows.shape[1] % BLOCK == 0:
        tensors, nodes = _four_bits(rows, ids, output)
        if not any(entry.domain == "com.microsoft" for entry in model.opset_import):
            model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    else:
        tensors, nodes = _eight_bits(rows, ids, output)
    graph.initializer.extend(tensors)
    for place, new in enumerate(nodes, position):
        graph.node.insert(place, new)


def pack_four_bits(rows: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """Integers, two to a byte with the first in the low bits, uint8 [rows, width / 2], and scales float32 [rows,
    width / BLOCK].

    The value of largest magnitude in a block becomes -8 exactly, as in llama.cpp's Q4_0: all 16 integers are used.
    """
    blocks = rows.reshape(len(rows), -1, BLOCK)
    peaks = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=-1)[..., None], axis=-1)
    scales = np.where(peaks == 0, np.float32(1e-12), peaks / -OFFSET).astype(np.float32)
    integers = (np.clip(np.rint(blocks / scales), -OFFSET, OFFSET - 1) + OFFSET).astype(np.uint8)
    flat = integers.reshape(len(rows), -1)
    return flat[:, 0::2] | (flat[:, 1::2] << 4), scales[..., 0]


def _four_bits(
    rows: npt.NDArray[np.float32], ids: str, output: str
) -> tuple[Sequence[TensorProto], Sequence[NodeProto]]:
    packed, scales = pack_four_bits(rows)
    settings: dict[str, Any] = {"block_size": BLOCK, "bits": 4, "gather_axis": 0, "quantize_axis": 1}
    inputs = ["embedding.int4", ids, "embedding.scale"]
    node = helper.make_node(
        "GatherBlockQuantized", inputs, [output], "embedding/Gather", domain="com.microsoft", **settings
    )
    return [numpy_helper.from_array(packed, inputs[0]), numpy_helper.from_array(scales, inputs[2])], [node]


def _eight_bits(
    rows: npt.NDArray[np.float32], ids: str, output: str
) -> tuple[Sequence[TensorProto], Sequence[NodeProto]]:
    scales = np.maximum(np.abs(rows).max(axis=1, keepdims=True) / 127, np.float32(1e-12)).astype(np.float32)
    integers = np.clip(np.rint(rows / scales), -127, 127).astype(np.int8)
    nodes = [
        helper.make_node("Gather", ["embedding.int8", ids], ["embedding.rows"], "embedding/Gather"),
        helper.make_node("Cast", ["embedding.rows"], ["embedding.cast"], "embedding/Cast", to=TensorProto.FLOAT),
        helper.make_node("Gather", ["embedding.scale", ids], ["embedding.scales"], "embedding/GatherScale"),
        helper.make_node("Mul", ["embedding.cast", "embedding.scales"], [output], "embedding/Mul"),
    ]
    return [
        numpy_helper.from_array(integers, "embedding.int8"),
        numpy_helper.from_array(scales, "embedding.scale"),
    ], nodes
