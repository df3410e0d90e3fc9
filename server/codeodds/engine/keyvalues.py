"""The keys and values of a run of tokens: what a decoder remembers of them. Pure numpy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from codeodds.bundle.manifest import Graph

Tensor = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class KeyValues:
    """Key and value tensors of every layer."""

    tensors: tuple[Tensor, ...]
    """key of layer 0, value of layer 0, key of layer 1, ..; each float [batch, kv_heads, tokens, head_size]."""

    @classmethod
    def empty(cls, layers: int, kv_heads: int, head_size: int, dtype: npt.DTypeLike, batch: int = 1) -> KeyValues:
        """The memory of no tokens."""
        return cls(tuple(np.zeros((batch, kv_heads, 0, head_size), dtype=dtype) for _ in range(2 * layers)))

    @property
    def tokens(self) -> int:
        return int(self.tensors[0].shape[2])

    @property
    def nbytes(self) -> int:
        return sum(tensor.nbytes for tensor in self.tensors)

    def repeat(self, rows: int) -> KeyValues:
        """The memory of one row, for each of several."""
        return KeyValues(tuple(np.repeat(tensor, rows, axis=0) for tensor in self.tensors))

    def cut(self, tokens: int) -> KeyValues:
        """The memory of the first `tokens` tokens. Shares nothing with this one unless it is the same length.

        A copy, because a view would keep the whole tensor alive beyond what `nbytes` says.
        """
        if tokens >= self.tokens:
            return self
        return KeyValues(tuple(tensor[:, :, :tokens].copy() for tensor in self.tensors))


def bytes_per_token(graph: Graph, layers: int) -> int:
    """Of the keys and values of one token in `layers` layers of a graph."""
    return 2 * layers * graph.kv_heads * graph.head_size * int(np.dtype(graph.kv_dtype).itemsize)
