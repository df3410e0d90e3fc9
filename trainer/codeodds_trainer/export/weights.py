"""Writes a graph's weights into files that a git host takes, beside a small ``model.onnx``."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, numpy_helper

from codeodds_trainer.export.graph import HEAD_BIAS, HEAD_WEIGHT
from codeodds_trainer.ground.errors import ExportError

EMBEDDED_BYTES = 4096
"""Smaller tensors stay inside the .onnx file."""
ALWAYS_EMBEDDED = (HEAD_WEIGHT, HEAD_BIAS)
"""So do these, whatever their size: another head on the same frozen layers leaves the files of weights as they are, and
a version control system stores them once."""
ALIGNMENT = 4096
"""Tensors start at multiples of this in their file, so that they can be memory-mapped."""


def save_split(model: onnx.ModelProto, folder: Path, max_file_mb: int, name: str = "model.onnx") -> list[str]:
    """Write a graph and its large tensors to files of their own, none larger than `max_file_mb`: ``weights-N.bin`` for
    ``model.onnx``, ``upper-N.bin`` for ``upper.onnx``.

    `model` loses its tensors to the files. Returns: the names of the files written.
    Raises: ExportError for a single tensor above the limit.
    """
    limit = max_file_mb * 1_000_000
    files = [name]
    stem = {"model.onnx": "weights"}.get(name, Path(name).stem)
    data = None
    try:
        for tensor in model.graph.initializer:
            raw = numpy_helper.to_array(tensor).tobytes()
            if len(raw) <= EMBEDDED_BYTES or tensor.name in ALWAYS_EMBEDDED:
                continue
            if len(raw) > limit:
                raise ExportError(
                    f"tensor {tensor.name} has {len(raw):,} bytes, more than export.max_file_mb = {max_file_mb}; "
                    "raise it in the recipe, or keep fewer tokens or bits"
                )
            if data is None or data.tell() + len(raw) + ALIGNMENT > limit:
                if data is not None:
                    data.close()
                files.append(f"{stem}-{len(files) - 1}.bin")
                data = (folder / files[-1]).open("wb")
            data.write(b"\0" * (-data.tell() % ALIGNMENT))
            _point_outside(tensor, files[-1], data.tell(), len(raw))
            data.write(raw)
    finally:
        if data is not None:
            data.close()
    onnx.save(model, folder / name)
    return files


def _point_outside(tensor: TensorProto, location: str, offset: int, length: int) -> None:
    for name in ("raw_data", "float_data", "int32_data", "int64_data"):
        tensor.ClearField(name)
    del tensor.external_data[:]
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        tensor.external_data.add(key=key, value=str(value))
