"""The blocks of a function's graph: what happens in each, and which may come next."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

READ, BIND, UNBIND, CHANGE = range(4)
"""What can happen to a name. CHANGE is that of ``+=``: it needs a value, and is no use of it."""


@dataclass(slots=True)
class Block:
    """Events that follow one another, and the blocks that may come next."""

    events: list[tuple[int, str, int]] = field(default_factory=list)
    """What happens, to which name, and the number of the node that does it."""
    following: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Blocks:
    """A graph while it is built."""

    all: list[Block] = field(default_factory=lambda: [Block(), Block()])
    """The first is where the function starts, the second where it is left."""
    here: int = 0
    """The block in hand."""

    def new(self) -> int:
        """Another block, which nothing leads to yet."""
        self.all.append(Block())
        return len(self.all) - 1

    def to(self, block: int) -> None:
        """From here a run may go on there."""
        self.all[self.here].following.append(block)

    def next(self) -> int:
        """Go on in a new block."""
        block = self.new()
        self.to(block)
        self.here = block
        return block

    def event(self, what: int, name: str, node: ast.AST) -> None:
        self.all[self.here].events.append((what, name, id(node)))
