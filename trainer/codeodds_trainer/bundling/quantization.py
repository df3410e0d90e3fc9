"""Stores a graph's weights in fewer bits: MatMulNBits for the matrix products, int8 rows for the embedding."""

from __future__ import annotations

import contextlib
import io
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from codeodds_trainer.bundling.graph import HEAD_WEIGHT
from codeodds_trainer.errors import ExportError
from codeodds_trainer.recipe import ExportSection

Method = Literal["rtn", "k-quant"]
ACCURACY_LEVEL = 4
_NAME = re.compile(r"([48])bit-(rtn|k-quant)-b(16|32|64|128|256)(?:-a([0-4]))?")


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to store the weights."""

    bits: int
    """4 or 8; 32 means float32, and the rest is ignored."""
    method: Method = "rtn"
    """``rtn``: symmetric, the scale is the block's largest weight. ``k-quant``: asymmetric, scale and offset are
    searched for the smallest weighted square error, as llama.cpp does."""
    block_size: int = 32
    """Consecutive inputs of one output that share a scale."""
    accuracy_level: int = ACCURACY_LEVEL
    """MatMulNBits accuracy level: 4 multiplies in int8, 0 in float32."""

    @property
    def name(self) -> str:
        """For tables and file names, for example ``8bit-k-quant-b32``."""
        if self.bits == 32:
            return "float32"
        level = "" if self.accuracy_level == ACCURACY_LEVEL else f"-a{self.accuracy_level}"
        return f"{self.bits}bit-{self.method}-b{self.block_size}{level}"

    @property
    def description(self) -> str:
        """For the manifest."""
        if self.bits == 32:
            return "float32"
        method = "" if self.method == "rtn" else f" {self.method}"
        return (
            f"MatMulNBits {self.bits} bit{method}, block {self.block_size}, accuracy level {self.accuracy_level}; "
            "embedding int8 with a scale per row; head float32"
        )


FLOAT32 = Variant(32)


def variant_of(section: ExportSection) -> Variant:
    """The variant that a recipe asks for."""
    if section.bits == 32:
        return FLOAT32
    return Variant(section.bits, section.method, section.block_size, section.accuracy_level)


def parse_variant(text: str) -> Variant:
    """The inverse of `Variant.name`.

    Raises: ExportError for any other text.
    """
    if text == FLOAT32.name:
        return FLOAT32
    found = _NAME.fullmatch(text)
    if found is None:
        raise ExportError(
            f"--variant {text}: unknown; write float32 or BITSbit-METHOD-bBLOCK with 4 or 8 bits, rtn or k-quant, and "
            "a block of 16, 32, 64, 128 or 256, for example 8bit-k-quant-b32"
        )
    bits, method, block, level = found.groups()
    return Variant(int(bits), cast(Method, method), int(block), ACCURACY_LEVEL if level is None else int(level))


def quantize(model: onnx.ModelProto, variant: Variant) -> onnx.ModelProto:
    """Store the weights of all matrix products but the value head's as `variant` says, the embedding in int8.

    `model` is used up. `quantize_dynamic` is not used: its activation scale spans a whole chunk, so a score would
    depend on the chunking.

    Raises: ExportError for 4-bit k-quant where a matrix has an odd number of blocks, which onnxruntime packs wrongly.
    """
    if variant.bits == 32:
        return model
    quantize_embedding(model)
    matrices = _matrices(model)
    excluded = [node.name for node in matrices if node.input[1] == HEAD_WEIGHT]
    if variant.method == "k-quant":
        return _k_quant(model, variant, matrices, excluded)
    # The name of the module's logger is its path; it reports every node at INFO.
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    with _quiet("onnxruntime.quantization.matmul_nbits_quantizer"):
        quantizer = MatMulNBitsQuantizer(
            model,
            bits=variant.bits,
            block_size=variant.block_size,
            is_symmetric=True,
            accuracy_level=variant.accuracy_level,
            nodes_to_exclude=excluded,
        )
        quantizer.process()
    return quantizer.model.model


def _k_quant(model: onnx.ModelProto, variant: Variant, matrices: list[Any], excluded: list[str]) -> onnx.ModelProto:
    """onnxruntime's k-quant takes its bits from a setting of each node, and does not declare the operator's domain."""
    from onnxruntime.quantization.matmul_nbits_quantizer import KQuantWeightOnlyQuantConfig, MatMulNBitsQuantizer

    inputs = {tensor.name: tensor.dims[0] for tensor in model.graph.initializer if len(tensor.dims) == 2}
    quantised = [node for node in matrices if node.name not in excluded]
    odd = [node.name for node in quantised if -(-inputs[node.input[1]] // variant.block_size) % 2]
    if variant.bits == 4 and odd:
        raise ExportError(
            f"export.block_size = {variant.block_size} cuts {odd[0]} into an odd number of blocks, which 4-bit k-quant "
            "cannot pack; choose a smaller block size or the method rtn"
        )
    settings = {node.name: {"bits": variant.bits} for node in matrices}
    logs = _quiet("onnxruntime.quantization.matmul_nbits_quantizer", "neural_compressor")
    with logs, contextlib.redirect_stdout(io.StringIO()):
        quantizer = MatMulNBitsQuantizer(
            model,
            block_size=variant.block_size,
            accuracy_level=variant.accuracy_level,
            nodes_to_exclude=excluded,
            algo_config=KQuantWeightOnlyQuantConfig(customized_weight_config=settings),
        )
        # Blocks of one repeated weight divide by zero in the search; such a candidate is never taken.
        with np.errstate(divide="ignore", invalid="ignore"):
            quantizer.process()
    made = quantizer.model.model
    if not any(entry.domain == "com.microsoft" for entry in made.opset_import):
        made.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return made


def _matrices(model: onnx.ModelProto) -> list[Any]:
    """The matrix products whose second factor is a stored matrix."""
    stored = {tensor.name for tensor in model.graph.initializer if len(tensor.dims) == 2}
    return [node for node in model.graph.node if node.op_type == "MatMul" and node.input[1] in stored]


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


@contextmanager
def _quiet(*names: str) -> Iterator[None]:
    levels = {logger: logger.level for logger in map(logging.getLogger, names)}
    for logger in levels:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)
