"""Stores a graph's weights in fewer bits: MatMulNBits for the matrix products, see `embedding` for the rest."""

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
from onnx import helper

from codeodds_trainer.export.embedding import BLOCK, EmbeddingBits, quantize_embedding
from codeodds_trainer.export.graph import HEAD_WEIGHT
from codeodds_trainer.ground.errors import ExportError
from codeodds_trainer.ground.recipe import ExportSection

Method = Literal["rtn", "k-quant"]
ACCURACY_LEVEL = 4
_NAME = re.compile(r"([48])bit-(rtn|k-quant)-b(16|32|64|128|256)(?:-a([0-4]))?(-e4)?")


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
    embedding_bits: EmbeddingBits = 8

    @property
    def name(self) -> str:
        """For tables and file names, for example ``8bit-k-quant-b32``."""
        if self.bits == 32:
            return "float32"
        level = "" if self.accuracy_level == ACCURACY_LEVEL else f"-a{self.accuracy_level}"
        embedding = "-e4" if self.embedding_bits == 4 else ""
        return f"{self.bits}bit-{self.method}-b{self.block_size}{level}{embedding}"

    @property
    def description(self) -> str:
        """For the manifest."""
        if self.bits == 32:
            return "float32"
        method = "" if self.method == "rtn" else f" {self.method}"
        embedding = "int8 with a scale per row" if self.embedding_bits == 8 else f"4 bit, block {BLOCK}"
        return (
            f"MatMulNBits {self.bits} bit{method}, block {self.block_size}, accuracy level {self.accuracy_level}; "
            f"embedding {embedding}; head float32"
        )


FLOAT32 = Variant(32)


def variant_of(section: ExportSection) -> Variant:
    """The variant that a recipe asks for."""
    if section.bits == 32:
        return FLOAT32
    return Variant(section.bits, section.method, section.block_size, section.accuracy_level, section.embedding_bits)


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
            "a block of 16, 32, 64, 128 or 256, for example 8bit-k-quant-b32; with -e4 behind it "
            "the embedding has 4 bits too"
        )
    bits, method, block, level, small = found.groups()
    return Variant(
        int(bits),
        cast(Method, method),
        int(block),
        ACCURACY_LEVEL if level is None else int(level),
        8 if small is None else 4,
    )


def quantize(model: onnx.ModelProto, variant: Variant) -> onnx.ModelProto:
    """Store the weights of all matrix products but the value head's and the embedding as `variant` says.

    `model` is used up. `quantize_dynamic` is not used: its activation scale spans a whole chunk, so a score would
    depend on the chunking.

    Raises: ExportError for 4-bit k-quant where a matrix has an odd number of blocks, which onnxruntime packs wrongly.
    """
    if variant.bits == 32:
        return model
    quantize_embedding(model, variant.embedding_bits)
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
