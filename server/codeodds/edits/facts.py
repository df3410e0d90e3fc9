"""What holds on every way through a function, or on none: names that may be unbound, values that nobody reads,
statements that no run reaches.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from codeodds.edits.blocks import BIND, CHANGE, READ, UNBIND, Block
from codeodds.edits.flow import Graph
from codeodds.edits.parsed import FunctionNode

_READS_ALL = frozenset({"locals", "vars", "eval", "exec", "dir", "super"})
"""Functions that read names which stand nowhere in their call."""


@dataclass(slots=True)
class Facts:
    """Of a function and all functions within it."""

    unbound: Counter[str] = field(default_factory=Counter)
    """How often a name is read where it may have no value yet."""
    unused: Counter[str] = field(default_factory=Counter)
    """How often a name gets a value that nobody reads."""
    unreachable: int = 0
    """Statements that no run reaches."""
    free: set[str] = field(default_factory=set)
    """Names that the function takes from around it."""


def facts_of(function: FunctionNode | ast.Lambda) -> Facts:
    """The facts of a function."""
    graph = Graph(function)
    blocks = graph.blocks.all
    facts = Facts()
    events = [event for block in blocks for event in block.events]
    local = {name for what, name, _ in events if what != READ} - graph.outside
    captured = set(graph.captured)
    for inner in graph.reads.inner:
        found = facts_of(inner)
        captured |= found.free
        facts.unbound += found.unbound
        facts.unused += found.unused
        facts.unreachable += found.unreachable
    read = {name for what, name, _ in events if what == READ}
    facts.free = ((read | captured) - local) | graph.outside
    if read & _READS_ALL:
        captured |= local
    reachable = _reachable(blocks)
    facts.unreachable += sum(
        1 for starts in graph.statements.values() if not any(block in reachable for block in starts)
    )
    bits = {name: 1 << number for number, name in enumerate(sorted(local))}
    # What a class or a function within reads may be read at any time.
    always = sum(bit for name, bit in bits.items() if name.partition(" ")[0] in captured)
    _look_for_unbound(blocks, reachable, bits, facts)
    _look_for_unused(blocks, reachable, bits, always, facts)
    return facts


def _reachable(blocks: list[Block]) -> list[int]:
    """Numbers of the blocks that a run can come to, in an order in which most stand behind those before them."""
    found: dict[int, None] = {}
    pending = [0]
    while pending:
        block = pending.pop()
        if block not in found:
            found[block] = None
            pending += reversed(blocks[block].following)
    return list(found)


def _look_for_unbound(blocks: list[Block], reachable: list[int], bits: dict[str, int], facts: Facts) -> None:
    everything = sum(bits.values())
    before = dict.fromkeys(reachable, everything)
    before[0] = 0
    effects = {block: _bound_by(blocks[block], bits) for block in reachable}
    pending = list(reversed(reachable))
    while pending:
        block = pending.pop()
        binds, unbinds = effects[block]
        after = before[block] & ~unbinds | binds
        for following in blocks[block].following:
            both = before[following] & after
            if both != before[following]:
                before[following] = both
                pending.append(following)
    counted: set[int] = set()
    for block in reachable:
        bound = before[block]
        for what, name, node in blocks[block].events:
            bit = bits.get(name, 0)
            if what in (READ, CHANGE, UNBIND) and bit and not bound & bit and node not in counted:
                counted.add(node)
                facts.unbound[name.partition(" ")[0]] += 1
            if what in (BIND, CHANGE):
                bound |= bit
            elif what == UNBIND:
                bound &= ~bit


def _bound_by(block: Block, bits: dict[str, int]) -> tuple[int, int]:
    binds = unbinds = 0
    for what, name, _ in block.events:
        bit = bits.get(name, 0)
        if what in (BIND, CHANGE):
            binds, unbinds = binds | bit, unbinds & ~bit
        elif what == UNBIND:
            binds, unbinds = binds & ~bit, unbinds | bit
    return binds, unbinds


def _look_for_unused(
    blocks: list[Block], reachable: list[int], bits: dict[str, int], always: int, facts: Facts
) -> None:
    effects = {block: _read_by(blocks[block], bits) for block in reachable}
    needed = dict.fromkeys(reachable, always)
    """What is needed at the start of a block."""
    preceding: dict[int, list[int]] = {block: [] for block in reachable}
    for block in reachable:
        for following in blocks[block].following:
            preceding[following].append(block)
    pending = list(reachable)
    while pending:
        block = pending.pop()
        reads, binds = effects[block]
        now = reads | (_after(blocks[block].following, needed, always) & ~binds) | always
        if now != needed[block]:
            needed[block] = now
            pending += preceding[block]
    used: set[int] = set()
    unused: dict[int, str] = {}
    for block in reachable:
        live = _after(blocks[block].following, needed, always)
        for what, name, node in reversed(blocks[block].events):
            bit = bits.get(name, 0)
            if what in (BIND, CHANGE) and bit:
                if live & bit:
                    used.add(node)
                else:
                    unused[node] = name
            if what == READ:
                live |= bit
            elif what in (BIND, UNBIND):
                live = live & ~bit | always
    facts.unused.update(name.partition(" ")[0] for node, name in unused.items() if node not in used and name[0] != "_")


def _after(following: Iterable[int], needed: dict[int, int], always: int) -> int:
    found = always
    for block in following:
        found |= needed[block]
    return found


def _read_by(block: Block, bits: dict[str, int]) -> tuple[int, int]:
    reads = binds = 0
    for what, name, _ in reversed(block.events):
        bit = bits.get(name, 0)
        if what == READ:
            reads, binds = reads | bit, binds & ~bit
        elif what in (BIND, UNBIND):
            reads, binds = reads & ~bit, binds | bit
    return reads, binds
