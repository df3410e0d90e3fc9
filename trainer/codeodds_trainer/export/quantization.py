"""Stores a graph's weights in fewer bits: MatMulNBits for the matrix products, see `embedding` for the rest."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import onnx

from codeodds_trainer.export.embedding import BLOCK, EmbeddingBits, quantize_embedding
from codeodds_trainer.export.graph import HEAD_WEIGHT
from codeodds_trainer.ground.errors import ExportError
from codeodds_trainer.ground.recipe import ExportSection

ACCURACY_LEVEL = 4
"""MatMulNBits accuracy level: 4 multiplies in int8."""
_NAME = re.compile(r"([48])bit-b(16|32|64|128|256)(-e4)?")


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to store the weights."""

    bits: int
    """4 or 8; 32 means float32, and the rest is ignored."""
    block_size: int = 32
    """Consecutive inputs of one output that share a scale."""
    embedding_bits: EmbeddingBits = 8

    @property
    def name(self) -> str:
        """For tables and file names, for example ``4bit-b64-e4``."""
        if self.bits == 32:
            return "float32"
        embedding = "-e4" if self.embedding_bits == 4 else ""
        return f"{self.bits}bit-b{self.block_size}{embedding}"

    @property
    def description(self) -> str:
        """For the manifest."""
        if self.bits == 32:
            return "float32"
        embedding = "int8 with a scale per row" if self.embedding_bits == 8 else f"4 bit, block {BLOCK}"
        return (
            f"MatMulNBits {self.bits} bit, block {self.block_size}, accuracy level {ACCURACY_LEVEL}; "
            f"embedding {embedding}; head float32"
        )


FLOAT32 = Variant(32)


def variant_of(section: ExportSection) -> Variant:
    """The variant that a recipe asks for."""
    if section.bits == 32:
        return FLOAT32
    return Variant(section.bits, section.block_size, section.embedding_bits)


def parse_variant(text: str) -> Variant:
    """The inverse of `Variant.name`.

    Raises: ExportError for any other text.
    """
    if text == FLOAT32.name:
        return FLOAT32
    found = _NAME.fullmatch(text)
    if found is None:
        raise ExportError(
            f"--variant {text}: unknown; write float32 or BITSbit-bBLOCK with 4 or 8 bits and a block of 16, 32, 64, "
            "128 or 256, for example 4bit-b64; with -e4 behind it the embedding has 4 bits too"
        )
    bits, block, small = found.groups()
    return Variant(int(bits), int(block), 8 if small is None else 4)


def quantize(model: onnx.ModelProto, variant: Variant) -> onnx.ModelProto:
    """Store the weights of all matrix products but the value head's and the embedding as `variant` says.

    `model` is used up. `quantize_dynamic` is not used: its activation scale spans a whole chunk, so a score would
    depend on the chunking.
    """
    if variant.bits == 32:
        return model
    quantize_embedding(model, variant.embedding_bits)
    return quantize_matrices(model, variant.bits, variant.block_size, (HEAD_WEIGHT,))


def quantize_matrices(model: onnx.ModelProto, bits: int, block_size: int, kept: Sequence[str]) -> onnx.ModelProto:
    """Store the weights of all matrix products in so many bits, but for the tensors `kept`. `model` is used up."""
    excluded = [node.name for node in _matrices(model) if node.input[1] in kept]
    # The name of the module's logger is its path; it reports every node at INFO.
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    with _quiet("onnxruntime.quantization.matmul_nbits_quantizer"):
        quantizer = MatMulNBitsQuantizer(
            model,
            bits=bits,
            block_size=block_size,
            is_symmetric=True,
            accuracy_level=ACCURACY_LEVEL,
            nodes_to_exclude=excluded,
        )
        quantizer.process()
    return quantizer.model.model


def _matrices(model: onnx.ModelProto) -> list[Any]:
    """The matrix products whose second factor is a stored matrix."""
    stored = {tensor.name for tensor in model.graph.initializer if len(tensor.dims) == 2}
    return [node for node in model.graph.node if node.op_type == "MatMul" and node.input[1] in stored]


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
