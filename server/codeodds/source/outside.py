"""The code outside functions, for those who ask for it: what a module does by itself, and what a class holds besides
its methods. Each is one unit, from which functions are left out: typing in one changes no other unit.

Nothing is found in a document that does not parse.
"""

from __future__ import annotations

from tree_sitter import Node

from codeodds.source.functions import MAX_IMPORT_LINES, Function, find_imports, normalise_newlines
from codeodds.source.syntax import BYTE_ORDER_MARK, LineIndex, colon_of, docstring_of, parse
from codeodds.types import ScoringUnit

MODULE = "<module>"
"""The name of the unit that a module's own statements make, as in Python's tracebacks."""

_DEFINITIONS = frozenset({"function_definition", "class_definition"})
_NO_CODE = frozenset({"comment", "import_statement", "import_from_statement", "future_import_statement"})


def find_outside_code(text: str, imports: str = "") -> list[Function]:
    """The module's own statements first, then those of each class, in order; units without a statement are left out.

    `imports`: lines to stand before the module's own imports.
    """
    code = normalise_newlines(text).removeprefix(BYTE_ORDER_MARK)
    source = code.encode("utf-8", "replace")
    root = parse(source)
    if root.has_error:
        return []
    known = (imports + find_imports(text)).splitlines(keepends=True)[:MAX_IMPORT_LINES]
    lines = LineIndex(source, left_out=int(text.startswith(BYTE_ORDER_MARK)))
    return _Outside(source, lines, "".join(known).encode("utf-8", "replace")).find(root)


class _Outside:
    def __init__(self, source: bytes, lines: LineIndex, imports: bytes) -> None:
        self._source = source
        self._imports = imports + b"\n\n" if imports else b""
        self._lines = lines

    def find(self, root: Node) -> list[Function]:
        docstring = docstring_of(root, self._source)
        said = self._source[docstring.start_byte : docstring.end_byte] + b"\n" if docstring else b""
        covered = self._covered(root, docstring)
        found = []
        if covered:
            end = self._end_of(covered[0])
            found.append(self._unit(MODULE, "module", covered[0], end, said + self._imports, covered))
        pending: list[tuple[Node, tuple[bytes, ...], bytes]] = [(root, (), b"")]
        while pending:
            node, names, headers = pending.pop()
            classes = [child for child in map(_undecorated, node.named_children) if child.type == "class_definition"]
            inner = [entry for child in classes if (entry := self._class(child, names, headers, found)) is not None]
            pending += reversed(inner)
        return found

    def _class(
        self, node: Node, names: tuple[bytes, ...], headers: bytes, found: list[Function]
    ) -> tuple[Node, tuple[bytes, ...], bytes] | None:
        """Adds the unit of a class to those found; returns the class's body, its qualified name and its headers."""
        body, name = node.child_by_field_name("body"), node.child_by_field_name("name")
        colon = colon_of(node, body)
        if body is None or name is None or colon is None:
            return None
        names = (*names, self._source[name.start_byte : name.end_byte])
        headers += self._source[self._lines.start_of_line(node.start_byte) : colon.end_byte] + b"\n"
        docstring = docstring_of(body, self._source)
        said = b""
        if docstring is not None:
            said = self._source[self._lines.start_of_line(docstring.start_byte) : docstring.end_byte] + b"\n"
        line, _ = self._lines.position(node.start_byte)
        header_end = self._lines.position(colon.end_byte)
        # A body behind the colon, as in ``class A: x = 1``, shares its line with the header.
        covered = [number for number in self._covered(body, docstring) if number > header_end[0]]
        if covered:
            qualified = b".".join(names).decode("utf-8", "replace")
            found.append(self._unit(qualified, "class", line, header_end, self._imports + headers + said, covered))
        return body, names, headers

    def _covered(self, node: Node, docstring: Node | None) -> list[int]:
        """Lines of a block's own statements, in order."""
        covered: set[int] = set()
        for child in node.named_children:
            if child != docstring and child.type not in _NO_CODE and not _defines(child):
                first, _ = self._lines.position(child.start_byte)
                last, _ = self._lines.position(max(child.start_byte, child.end_byte - 1))
                covered.update(range(first, last + 1))
        return sorted(covered)

    def _unit(
        self, name: str, kind: str, line: int, header_end: tuple[int, int], problem: bytes, covered: list[int]
    ) -> Function:
        solution = b"".join(self._lines.line(number) + b"\n" for number in covered)
        return Function(
            name=name,
            line=line,
            signature_end=header_end,
            solution_line=covered[0],
            solution_character=0,
            end_line=covered[-1],
            parses=True,
            is_stub=all(text.strip() in (b"pass", b"...") for text in map(self._lines.line, covered)),
            unit=ScoringUnit(problem.decode("utf-8", "replace"), solution.decode("utf-8", "replace")),
            kind=kind,
            solution_lines=tuple(covered),
        )

    def _end_of(self, line: int) -> tuple[int, int]:
        return self._lines.position(self._lines.start(line) + len(self._lines.line(line).rstrip()))


def _undecorated(node: Node) -> Node:
    if node.type != "decorated_definition":
        return node
    return node.child_by_field_name("definition") or node


def _defines(node: Node) -> bool:
    """Whether a statement is a definition or holds one."""
    level = [node]
    while level:
        if any(child.type in _DEFINITIONS for child in level):
            return True
        level = [child for parent in level for child in parent.named_children]
    return False
