"""Hypothesis strategies for Python modules, and the slow reference that knows their functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hypothesis import strategies as st

NAMES = st.sampled_from(["f", "g", "_h", "größe"])
BODIES = st.sampled_from(
    [
        ["return a"],
        ["", "b = a + 1", "", "return b"],
        ["# why", "if a:", "    return {", "        'x': [1, 2],", "    }", "return None  # else"],
        ["def inner(c):", "    return c", "return inner(a)"],
        ["'''What it does.'''", "return '🎉'"],
        ["pass"],
        ["'''Only words.'''"],
        ["raise NotImplementedError"],
    ]
)
SIGNATURES = st.sampled_from(["(a)", "(a, *b, **c)", "(a: int = {1: 2}[1]) -> dict[str, int]", "(\n    a,\n)"])
ABOVE = st.sampled_from([[], ["# A comment."], ["@staticmethod"], ["@some.decorator(1,", "    x=2)"]])


def _indented(lines: list[str]) -> list[str]:
    return ["    " + line if line else "" for line in lines]


@st.composite
def _functions(draw: st.DrawFn) -> list[str]:
    keyword = draw(st.sampled_from(["def ", "async def "]))
    header = f"{keyword}{draw(NAMES)}{draw(SIGNATURES)}:".split("\n")
    return [*draw(ABOVE), *header, *_indented(draw(BODIES))]


@st.composite
def _classes(draw: st.DrawFn) -> list[str]:
    header = draw(st.sampled_from(["class A:", "class B(Base, key=(1)):  # why", "class C(\n    Base,\n):"])).split(
        "\n"
    )
    members = draw(st.lists(_functions(), min_size=1, max_size=3))
    if draw(st.booleans()):
        members.append(["class Inner:", *_indented(draw(_functions()))])
    return [*header, *(line for member in members for line in ["", *_indented(member)])]


@st.composite
def _blocks(draw: st.DrawFn) -> list[str]:
    return ["if a:", *_indented(draw(_functions())), "else:", *_indented(draw(_functions()))]


@st.composite
def modules(draw: st.DrawFn) -> str:
    """Modules that parse."""
    imports = draw(st.lists(st.sampled_from(["import os", "from a import b", "x = 1"]), max_size=3))
    parts = draw(st.lists(st.one_of(_functions(), _classes(), _blocks()), max_size=4))
    return "\n".join([*imports, *(line for part in parts for line in ["", *part]), ""])


def reference(text: str) -> list[tuple[str, int, int]]:
    """(qualified name, line of def, last line) of every function that is not within another, by Python's own parser."""

    def walk(nodes: list[ast.stmt], names: tuple[str, ...]) -> Iterator[tuple[str, int, int]]:
        for node in nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                yield ".".join([*names, node.name]), node.lineno - 1, node.end_lineno - 1
            elif isinstance(node, ast.ClassDef):
                yield from walk(node.body, (*names, node.name))
            else:
                for name in ("body", "orelse"):
                    yield from walk(getattr(node, name, []), names)

    return list(walk(ast.parse(text).body, ()))
