"""Finds the functions of a document, cuts each into problem and solution, also while the document does not parse, and
says which deserve a score. What only the model knows (too short, too long) is not decided here.

tree-sitter recovers from most errors by itself. Where it cannot (an unclosed bracket may swallow all that follows), the
document is cut at lines that start a definition or a block, and the pieces are parsed one by one: what is unfinished in
one function does not hide the others. (Until the document parses again, code within a string may be taken for code.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from codeodds.source.syntax import (
    BYTE_ORDER_MARK,
    CONTAINERS,
    LineIndex,
    colon_of,
    docstring_of,
    is_stub,
    parse,
    solution_start,
    with_newline,
)
from codeodds.types import ScoringUnit

MAX_IMPORT_LINES = 40
"""Of the module's imports, no more lines than this go into a problem."""

DOES_NOT_PARSE = "it does not parse: it is unfinished, or its syntax is not known here"
"""Nobody can tell which of the two: what is not known looks like what is not finished."""

_IMPORTS = frozenset({"import_statement", "import_from_statement", "future_import_statement"})
_TOP_DEFINITION = re.compile(
    rb"^(?=@|def\b|async\b|class\b|(?:if|try|with|for|while)\b[^\n]*:[ \t]*(?:#[^\n]*)?$)", re.MULTILINE
)
_INNER_DEFINITION = re.compile(rb"^[ \t]+(?=@|def\b|async[ \t]+def\b|class\b)", re.MULTILINE)
_CLASS = re.compile(rb"^class[ \t]+(\w+)", re.MULTILINE)
_CLASS_HEADER = re.compile(rb"(?:[ \t]*\[(?:[^\[\]]|\[[^\[\]]*\])*\])?[ \t]*(?:\((?:[^()]|\([^()]*\))*\))?[ \t]*:")
"""What may follow the name in a finished ``class`` header: type parameters, bases, the colon."""
_DEFINITION_LINE = re.compile(rb"^[ \t]*(?:async[ \t]+)?def[ \t]+(\w+)[^\n]*\n?", re.MULTILINE)
_INDENTATION = re.compile(rb"[ \t]*")


@dataclass(frozen=True, slots=True)
class Function:
    """One function or method of a document. Lines count from 0; characters are code points within their line."""

    name: str
    """Qualified by its classes: ``Account.withdraw``."""

    line: int
    """Line of ``def``."""

    signature_end: tuple[int, int]
    """Line and character just behind the colon of the signature."""

    solution_line: int
    """Line on which the solution starts."""

    solution_character: int
    """Character at which the solution starts in that line: 0 unless the body stands behind the colon."""

    end_line: int
    """Last line."""

    parses: bool
    """Whether the function is free of syntax errors."""

    is_stub: bool
    """Whether its body does nothing but ``pass``, ``...`` or raising NotImplementedError."""

    unit: ScoringUnit
    """What the model reads."""

    kind: str = "function"
    """``function``; ``class`` or ``module`` for code outside functions."""

    solution_lines: tuple[int, ...] = ()
    """The document's line of each line of the solution, where these do not follow one another; empty where they do."""

    nested: tuple[Function, ...] = ()
    """Functions within it, as far as somebody asked for them: see `codeodds.source.nested`."""


def find_functions(text: str, imports: str = "") -> list[Function]:
    """Functions and methods in order; a function within a function is part of the outer one.

    Line ends may be LF, CRLF or CR; the units have LF, and no byte order mark. Lone surrogates are read as question
    marks.
    `imports`: lines to stand before the module's own imports, such as those of a notebook's earlier cells.
    """
    return _Finder(normalise_newlines(text)).find(imports)


def find_imports(text: str) -> str:
    """The module's own import statements, each line ended by LF."""
    finder = _Finder(normalise_newlines(text))
    finder.find()
    return b"".join(line + b"\n" for line in finder.imports).decode("utf-8", "replace")


def normalise_newlines(text: str) -> str:
    """CRLF and CR become LF; the numbers of lines stay."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def unscored_because(function: Function) -> str | None:
    """Why a function is not judged, as words that complete "not judged: ..."; None if it may be."""
    if not function.parses:
        return DOES_NOT_PARSE
    if not function.unit.solution.strip():
        return "it has no body yet"
    if function.is_stub:
        return "it is a stub"
    return None


class _Finder:
    def __init__(self, text: str) -> None:
        code = text.removeprefix(BYTE_ORDER_MARK)
        self._left_out = len(text) - len(code)
        self._source = code.encode("utf-8", "replace")
        self.imports: list[bytes] = []
        self._found: list[_Found | _Unfinished] = []

    def find(self, context: str = "") -> list[Function]:
        root = parse(self._source)
        if root.has_error:
            for start, end in _cut(self._source, _TOP_DEFINITION):
                self._find_in_piece(start, end)
        else:
            self._walk(root, _Piece(self._source, 0), ())
        known = [*context.encode("utf-8", "replace").splitlines(), *self.imports]
        imports = b"".join(line + b"\n" for line in known[:MAX_IMPORT_LINES])
        lines = LineIndex(self._source, self._left_out)
        return [found.function(self._source, imports, lines) for found in self._found]

    def _find_in_piece(self, start: int, end: int) -> None:
        """One top-level definition, or what stands before the first. A class with an error is cut at its methods."""
        piece = _Piece(self._source[start:end], start)
        root = parse(piece.source)
        members = _members(piece.source) if root.has_error else []
        match = _CLASS.search(piece.source, 0, members[0]) if members else None
        if match is None:
            self._walk_or_note(root, piece, ())
            return
        header = _class_header(piece.source, match, members[0])
        inner = [start + member for member in members]
        for first, last in zip(inner, [*inner[1:], end], strict=True):
            member = _Piece(header + self._source[first:last], first - len(header))
            self._walk_or_note(parse(member.source), member, (_Class(match.group(1), header),))

    def _walk_or_note(self, root: Node, piece: _Piece, classes: tuple[_Class, ...]) -> None:
        """Walk a piece; if it starts a function of which the parser can make nothing, note that much."""
        before = len(self._found)
        self._walk(root, piece, ())
        match = _DEFINITION_LINE.search(piece.source)
        if len(self._found) == before and match is not None:
            self._found.append(_Unfinished(match, piece, classes))

    def _walk(self, root: Node, piece: _Piece, classes: tuple[_Class, ...]) -> None:
        """Depth first without recursion: documents nest as deep as they like."""
        pending: list[tuple[Node, tuple[_Class, ...], Node | None]] = [(root, classes, None)]
        while pending:
            node, around, decorated = pending.pop()
            if node.type == "function_definition":
                self._found.append(_Found(node, decorated, piece, around))
            elif node.type == "class_definition":
                body = node.child_by_field_name("body")
                if body is not None:
                    pending.append((body, (*around, _Class.of(node, body, piece)), None))
            elif node.type in _IMPORTS and (node.parent is None or node.parent.type in ("module", "ERROR")):
                self.imports += piece.source[node.start_byte : node.end_byte].split(b"\n")
            elif node.type in CONTAINERS:
                outer = node if node.type == "decorated_definition" else None
                pending += [(child, around, outer) for child in reversed(node.named_children)]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of source that was parsed by itself; adding `shift` to its positions gives those in the document."""

    source: bytes
    shift: int


@dataclass(frozen=True, slots=True)
class _Class:
    name: bytes
    header: bytes
    """Its ``class`` line or lines, indentation included, newline at the end."""

    @classmethod
    def of(cls, node: Node, body: Node, piece: _Piece) -> _Class:
        name = node.child_by_field_name("name")
        colon = colon_of(node, body)
        start = piece.source.rfind(b"\n", 0, node.start_byte) + 1
        header = piece.source[start : colon.end_byte if colon else body.start_byte].rstrip() + b"\n"
        return cls(piece.source[name.start_byte : name.end_byte] if name else b"?", header)


@dataclass(frozen=True, slots=True)
class _Unfinished:
    """A function that starts like one, but is too broken to be cut into problem and solution."""

    match: re.Match[bytes]
    """Its ``def`` line."""
    piece: _Piece
    classes: tuple[_Class, ...]

    def function(self, source: bytes, imports: bytes, lines: LineIndex) -> Function:
        start = self.match.start() + self.piece.shift
        behind = self.match.end() + self.piece.shift
        end = len(self.piece.source.rstrip()) + self.piece.shift
        line, character = lines.position(behind)
        return Function(
            name=b".".join([*(known.name for known in self.classes), self.match.group(1)]).decode("utf-8", "replace"),
            line=lines.position(start)[0],
            signature_end=lines.position(start + len(self.match.group().rstrip())),
            solution_line=line,
            solution_character=character,
            end_line=lines.position(max(start, end - 1))[0],
            parses=False,
            is_stub=False,
            unit=ScoringUnit(
                source[start:behind].decode("utf-8", "replace"), source[behind:end].decode("utf-8", "replace")
            ),
        )


@dataclass(frozen=True, slots=True)
class _Found:
    node: Node
    decorated: Node | None
    piece: _Piece
    classes: tuple[_Class, ...]

    def function(self, source: bytes, imports: bytes, lines: LineIndex) -> Function:
        """Cut the function into problem and solution. Positions are bytes in `source`."""
        node, shift = self.node, self.piece.shift
        body = node.child_by_field_name("body")
        colon = colon_of(node, body)
        signature_end = (colon.end_byte if colon else node.end_byte) + shift
        docstring = docstring_of(body, self.piece.source)
        problem_end = docstring.end_byte + shift if docstring else signature_end
        start = solution_start(source, problem_end)
        end = with_newline(source, max(start, node.end_byte + shift))
        first = lines.start_of_line((self.decorated or node).start_byte + shift)
        first = lines.start_of_comment_block(first)
        head = [imports + b"\n\n"] if imports else []
        head += [known.header for known in self.classes]
        head.append(source[first:start])
        parses = not node.has_error and colon is not None
        name = node.child_by_field_name("name")
        own = self.piece.source[name.start_byte : name.end_byte] if name else b"?"
        line, character = lines.position(start)
        return Function(
            name=b".".join([*(known.name for known in self.classes), own]).decode("utf-8", "replace"),
            line=lines.position(node.start_byte + shift)[0],
            signature_end=lines.position(signature_end),
            solution_line=line,
            solution_character=character,
            end_line=lines.position(end - 1 if end > start else problem_end)[0],
            parses=parses,
            is_stub=parses and is_stub(body, self.piece.source),
            unit=ScoringUnit(b"".join(head).decode("utf-8", "replace"), source[start:end].decode("utf-8", "replace")),
        )


def _cut(source: bytes, pattern: re.Pattern[bytes]) -> Iterator[tuple[int, int]]:
    starts = [0, *(start for start in _starts(source, pattern) if start)]
    yield from zip(starts, [*starts[1:], len(source)], strict=True)


def _starts(source: bytes, pattern: re.Pattern[bytes]) -> list[int]:
    """Line starts that match, without those that a decorator above already opened."""
    starts: list[int] = []
    decorated = False
    for match in pattern.finditer(source):
        if not decorated:
            starts.append(match.start())
        decorated = source[match.end() : match.end() + 1] == b"@"
    return starts


def _members(source: bytes) -> list[int]:
    """Line starts of the outermost indented definitions. Those within methods are part of their method."""
    starts = _starts(source, _INNER_DEFINITION)
    depths = [match.end() - start for start in starts if (match := _INDENTATION.match(source, start))]
    outermost = min(depths, default=0)
    return [start for start, depth in zip(starts, depths, strict=True) if depth == outermost]


def _class_header(source: bytes, match: re.Match[bytes], end: int) -> bytes:
    """The header of the class whose name was matched, before `end`; only the name if what follows is unfinished."""
    header = _CLASS_HEADER.match(source, match.end(), end)
    return (source[match.start() : header.end()] if header else match.group() + b":") + b"\n"
