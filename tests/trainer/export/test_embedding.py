"""The embedding in 4 bits: what is stored is what comes out, and a row that does not fit stays in 8 bits."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from codeodds_trainer.export.embedding import BLOCK, pack_four_bits, quantize_embedding

IDS = np.asarray([[3, 0, 3], [1, 2, 4]])


def lookup(rows, bits):
    """A graph that looks rows up, quantised: the graph and what it returns for `IDS`."""
    node = helper.make_node("Gather", ["table", "ids"], ["found"])
    inputs = [helper.make_tensor_value_info("ids", TensorProto.INT64, [None, None])]
    outputs = [helper.make_tensor_value_info("found", TensorProto.FLOAT, [None, None, rows.shape[1]])]
    graph = helper.make_graph([node], "g", inputs, outputs, [numpy_helper.from_array(rows, "table")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    quantize_embedding(model, bits)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return model, session.run(None, {"ids": IDS})[0]


def unpacked(packed, scales):
    """What GatherBlockQuantized is documented to compute, in numpy."""
    integers = np.stack([packed & 15, packed >> 4], axis=-1).reshape(len(packed), -1).astype(np.float32) - 8
    return integers * np.repeat(scales, BLOCK, axis=1)


def test_four_bits_return_what_was_stored_within_half_a_step():
    rows = np.random.default_rng(0).normal(size=(5, 2 * BLOCK)).astype(np.float32)
    packed, scales = pack_four_bits(rows)
    assert packed.shape == (5, BLOCK)
    assert scales.shape == (5, 2)
    model, found = lookup(rows, 4)
    assert np.array_equal(found, unpacked(packed, scales)[IDS])
    steps = np.abs(np.repeat(scales, BLOCK, axis=1))
    # A value opposite to the largest may exceed the last of the 16 integers by up to one step.
    assert np.all(np.abs(unpacked(packed, scales) - rows) <= steps + 1e-6)
    assert np.mean(np.abs(unpacked(packed, scales) - rows) <= steps / 2 + 1e-6) > 0.98
    assert sum(len(tensor.raw_data) for tensor in model.graph.initializer) == 5 * (BLOCK + 2 * 4)


def test_the_largest_value_of_a_block_is_kept_exactly():
    rows = np.linspace(-1, 0.5, 2 * BLOCK, dtype=np.float32).reshape(1, -1)
    values = unpacked(*pack_four_bits(rows))
    for block in (slice(0, BLOCK), slice(BLOCK, 2 * BLOCK)):
        at = np.abs(rows[0, block]).argmax()
        assert values[0, block][at] == pytest.approx(rows[0, block][at], rel=1e-6)


def test_a_row_of_zeros_stays_zero():
    assert np.array_equal(unpacked(*pack_four_bits(np.zeros((2, BLOCK), dtype=np.float32))), np.zeros((2, BLOCK)))


@pytest.mark.parametrize(("width", "bits"), [(BLOCK + 2, 4), (BLOCK, 8)])
def test_eight_bits_where_asked_or_where_blocks_do_not_fit(width, bits):
    rows = np.random.default_rng(1).normal(size=(5, width)).astype(np.float32)
    model, found = lookup(rows, bits)
    assert [node.op_type for node in model.graph.node] == ["Gather", "Cast", "Gather", "Mul"]
    assert onnx.numpy_helper.to_array(model.graph.initializer[0]).dtype == np.int8
    assert np.abs(found - rows[IDS]).max() <= np.abs(rows).max() / 127
