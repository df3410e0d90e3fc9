"""Draws icon.png: a falling curve of values with a mark at the sharpest fall. ``python icon.py > icon.png``."""

from __future__ import annotations

import itertools
import struct
import sys
import zlib

SIZE = 128
SCALE = 4
"""Samples for each pixel and axis, against jagged edges."""

BACKGROUND, CURVE, MARK = (30, 42, 56), (96, 190, 255), (255, 190, 70)
POINTS = [(18, 40), (42, 34), (62, 44), (80, 88), (110, 96)]
"""In pixels, from the top left corner."""

SHARPEST = 3


def _near(x: float, y: float, start: tuple[float, float], end: tuple[float, float], width: float) -> bool:
    dx, dy = end[0] - start[0], end[1] - start[1]
    along = max(0.0, min(1.0, ((x - start[0]) * dx + (y - start[1]) * dy) / (dx * dx + dy * dy)))
    return (x - start[0] - along * dx) ** 2 + (y - start[1] - along * dy) ** 2 <= width * width


def _colour(x: float, y: float) -> tuple[int, int, int, int]:
    corner = 22
    inner_x, inner_y = min(max(x, corner), SIZE - corner), min(max(y, corner), SIZE - corner)
    if (x - inner_x) ** 2 + (y - inner_y) ** 2 > corner * corner:
        return (0, 0, 0, 0)
    mark_x, mark_y = POINTS[SHARPEST]
    if abs(x - mark_x) <= 9 and abs(y - mark_y) <= 9:
        return (*MARK, 255)
    if any(_near(x, y, start, end, 5) for start, end in itertools.pairwise(POINTS)):
        return (*CURVE, 255)
    return (*BACKGROUND, 255)


def _pixel(column: int, row: int) -> bytes:
    steps = [(index + 0.5) / SCALE for index in range(SCALE)]
    samples = [_colour(column + x, row + y) for x in steps for y in steps]
    alpha = sum(sample[3] for sample in samples)
    if not alpha:
        return bytes(4)
    colours = [sum(sample[band] * sample[3] for sample in samples) // alpha for band in range(3)]
    return bytes([*colours, alpha // len(samples)])


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png() -> bytes:
    """The picture as a PNG file, 8 bits for each of red, green, blue and alpha."""
    rows = b"".join(b"\0" + b"".join(_pixel(column, row) for column in range(SIZE)) for row in range(SIZE))
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 9)) + _chunk(b"IEND", b"")
    )


if __name__ == "__main__":
    sys.stdout.buffer.write(png())
