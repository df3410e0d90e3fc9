"""A scoring unit as a syntax tree whose nodes know their place in the solution."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

from codeodds.errors import CannotCompare
from codeodds.types import ScoringUnit

MAX_CHARACTERS = 60_000
"""Longer units are not compared: no model reads as much, and a pause in typing is short."""

MAX_DEPTH = 100
"""Functions that are nested deeper are not compared."""

FRAME = "if 1:\n"
"""Stands before a function that is indented, but has nothing above it that explains why."""

_TOO_DEEP = "it is nested too deeply to be compared; split it"
_FILE = "<edit>"
_LINE_END = re.compile(r"\r\n|\r|\n")

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

# Reading code that holds a doubtful escape sequence warns on stderr, where an editor keeps its log.
warnings.filterwarnings("ignore", module=re.escape(_FILE))


def parse(text: str) -> ast.Module:
    """The tree of a text. Raises: CannotCompare."""
    try:
        return ast.parse(text, _FILE)
    except SyntaxError as error:
        raise CannotCompare(f"it does not parse ({error.msg})") from error
    except ValueError:
        raise CannotCompare("it does not parse: it holds characters that no source file can hold") from None
    except (RecursionError, MemoryError):
        raise CannotCompare(_TOO_DEEP) from None


def wrong_place(function: FunctionNode) -> str | None:
    """Why a tree is no program: an ``await`` outside of coroutines, a ``break`` outside of loops; None if it is one.

    Nothing is run.
    """
    try:
        compile(ast.Module([function], []), _FILE, "exec", dont_inherit=True)
    except SyntaxError as error:
        return f"it does not compile ({error.msg})"
    except (ValueError, RecursionError, MemoryError):
        return "it does not compile"
    return None


class Places:
    """Where nodes stand in a text, in characters; the parser counts lines and bytes."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(source))]
        self._ascii = source.isascii()

    def line(self, number: int) -> int:
        """The first character of a line, from 1; the end of the text if it has fewer lines."""
        return self._starts[number - 1] if number <= len(self._starts) else len(self.source)

    def at(self, line: int, column: int) -> int:
        """The character at a line, from 1, and a column in bytes."""
        start = self._starts[line - 1]
        if self._ascii:
            return start + column
        end = self._starts[line] if line < len(self._starts) else len(self.source)
        before = self.source[start:end].encode("utf-8")[:column]
        return start + len(before.decode("utf-8", "ignore"))

    def start(self, node: ast.expr | ast.stmt | ast.keyword | ast.ExceptHandler) -> int:
        return self.at(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt | ast.keyword | ast.ExceptHandler) -> int:
        return self.at(node.end_lineno or node.lineno, node.end_col_offset or 0)

    def text(self, node: ast.expr | ast.stmt) -> str:
        return self.source[self.start(node) : self.end(node)]


class Parsed:
    """The function that a unit holds.

    `head` and the solution together are the shortest text that holds the whole function: without imports, class header
    and decorators. All positions of nodes are positions in it.
    """

    def __init__(self, unit: ScoringUnit) -> None:
        """Raises: CannotCompare."""
        if len(unit.problem) + len(unit.solution) > MAX_CHARACTERS:
            raise CannotCompare(f"it is longer than {MAX_CHARACTERS:,} characters; split it to have it compared")
        if not unit.solution.strip():
            raise CannotCompare("it has no body")
        self.unit = unit
        self.classes: list[str] = []
        """Names of the classes around it, the outermost first."""
        problem, self.module = _module(unit)
        places = Places(problem + unit.solution)
        outermost = _around(self.module, len(problem), places)
        if not outermost:
            raise CannotCompare("it is no function")
        first = outermost[0]
        self.classes += _classes(self.module, first)
        line = places.at(first.lineno, 0)
        indented = places.source[line : line + 1].isspace()
        self.head = (FRAME if indented else "") + problem[line:]
        self.text = self.head + unit.solution
        self.tree = parse(self.text)
        self.places = Places(self.text)
        around = _around(self.tree, len(self.head), self.places)
        if not around:
            raise CannotCompare("its body stands beside its docstring")
        self.outer: FunctionNode = around[0]
        """The outermost function that holds the solution."""
        if _depth(self.outer) > MAX_DEPTH:
            raise CannotCompare(_TOO_DEEP)
        self.function: FunctionNode = around[-1]
        """The one whose body the solution is."""

    def start(self, node: ast.expr | ast.stmt | ast.keyword | ast.ExceptHandler) -> int:
        """First character of a node in the solution; negative for one of the head."""
        return self.places.start(node) - len(self.head)

    def end(self, node: ast.expr | ast.stmt | ast.keyword | ast.ExceptHandler) -> int:
        return self.places.end(node) - len(self.head)

    def source(self, node: ast.expr | ast.stmt) -> str:
        """The text of a node."""
        return self.places.text(node)

    def changed(self, solution: str) -> FunctionNode:
        """The outermost function with another solution. Raises: CannotCompare."""
        tree = parse(self.head + solution)
        body = tree.body[0].body if self.head.startswith(FRAME) and isinstance(tree.body[0], ast.If) else tree.body
        if len(tree.body) != 1 or len(body) != 1 or not isinstance(body[0], FUNCTIONS):
            raise CannotCompare("it ends the function")
        return body[0]


def arguments_of(function: FunctionNode | ast.Lambda) -> list[ast.arg]:
    """All parameters of a function."""
    settings = function.args
    rest = [argument for argument in (settings.vararg, settings.kwarg) if argument is not None]
    return [*settings.posonlyargs, *settings.args, *settings.kwonlyargs, *rest]


def _module(unit: ScoringUnit) -> tuple[str, ast.Module]:
    """The problem, and the tree of the whole. What stood within an ``if`` of the module gets one around it."""
    try:
        return unit.problem, parse(unit.text)
    except CannotCompare as error:
        wrong = error.__cause__
        if not isinstance(wrong, IndentationError) or wrong.msg != "unexpected indent" or wrong.lineno is None:
            raise
        at = Places(unit.problem).line(wrong.lineno)
        problem = unit.problem[:at] + FRAME + unit.problem[at:]
        return problem, parse(problem + unit.solution)


def _around(tree: ast.Module, position: int, places: Places) -> list[FunctionNode]:
    """The functions whose bodies hold the first statement behind a position, the outermost first."""
    found: list[FunctionNode] = []
    pending: list[ast.stmt] = list(tree.body)
    while pending:
        node = pending.pop()
        if places.end(node) <= position or places.start(node) >= position:
            continue
        if isinstance(node, FUNCTIONS) and places.end(node.body[-1]) > position:
            found.append(node)
        pending = list(_statements(node))
    return found


def _depth(node: ast.AST) -> int:
    depth = 0
    level: list[ast.AST] = [node]
    while level:
        depth += 1
        level = [child for inner in level for child in ast.iter_child_nodes(inner)]
    return depth


def _classes(tree: ast.Module, function: FunctionNode) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any(inner is function for inner in ast.walk(node)):
            yield node.name


def _statements(node: ast.AST) -> Iterator[ast.stmt]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        elif isinstance(child, (ast.ExceptHandler, ast.match_case)):
            yield from _statements(child)
