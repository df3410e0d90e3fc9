"""A function as a method of a class: the class header stands in the prompt, calls of itself go through ``self``."""

from __future__ import annotations

import ast
import hashlib
import tokenize
from collections.abc import Sequence

from codeodds_trainer.styles.source import Edit, Program, Style, apply_to_both, names_in

CLASSES = ("Solution", "Calculator", "Processor", "Service", "Toolbox", "Analyzer", "Manager", "Worker")
INDENT = "    "


def as_method(programs: Sequence[Program], problem_id: str) -> Style | None:
    """None if it is a method or decorated, or if some program could tell.

    That is one that uses the name ``self``, a name that a class would change, its own docstring, tabs, or the
    function's name otherwise than to read it within the function.
    """
    function = programs[0].function
    if function not in programs[0].tree.body or function.decorator_list or getattr(function, "type_params", None):
        return None
    if not all(_can_be_method(program) for program in programs):
        return None
    taken = set().union(*(names_in(program.tree) for program in programs))
    start = int.from_bytes(hashlib.sha256(problem_id.encode("utf-8", "surrogatepass")).digest()[:8], "big")
    free = [name for name in CLASSES if name not in taken]
    if not free:
        return None
    edits = [[*_indents(program), *_own_calls(program)] for program in programs]
    edits[0] += _header(programs[0], free[start % len(free)])
    return apply_to_both(programs, edits)


def _can_be_method(program: Program) -> bool:
    name = program.function.name
    names = names_in(program.tree)
    mangled = any(one.startswith("__") and not one.endswith("__") for one in names)
    if mangled or name.startswith("__") or names & {"self", "super", "__doc__", "__class__", "globals", "eval", "exec"}:
        return False
    if any(line.startswith("\t") for line in program.lines):
        return False
    inside = set(ast.walk(program.function))
    for node in ast.walk(program.tree):
        if (
            isinstance(node, ast.Name)
            and node.id == name
            and (node not in inside or not isinstance(node.ctx, ast.Load))
        ):
            return False
        if isinstance(node, ast.JoinedStr) and any(
            isinstance(one, ast.Name) and one.id == name for one in ast.walk(node)
        ):
            return False
        if node is not program.function and not isinstance(node, ast.Attribute | ast.keyword | ast.Constant | ast.Name):
            for _, value in ast.iter_fields(node):
                if name in (value if isinstance(value, list) else [value]):
                    return False
    arguments = program.function.args
    outside = [*arguments.defaults, *(one for one in arguments.kw_defaults if one is not None)]
    return not any(name in names_in(one) for one in outside)


def _header(program: Program, name: str) -> list[Edit]:
    function, arguments = program.function, program.function.args
    start, _ = program.span(function)
    opening = program.source.index("(", start) + 1
    others = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    comma = ", " if any(one is not None for one in others) else ""
    return [Edit(start, start, f"class {name}:\n{INDENT}"), Edit(opening, opening, f"self{comma}")]


def _own_calls(program: Program) -> list[Edit]:
    found = []
    for node in ast.walk(program.function):
        if isinstance(node, ast.Name) and node.id == program.function.name:
            start, _ = program.span(node)
            found.append(Edit(start, start, "self."))
    return found


def _indents(program: Program) -> list[Edit]:
    """Every line of the function but the first, and but what stands in strings; the docstring moves as a whole."""
    last = _last_line(program)
    docstring = program.function.body[0].lineno if ast.get_docstring(program.function) is not None else 0
    fixed = {line for first, end in _long_strings(program) if first != docstring for line in range(first + 1, end + 1)}
    return [
        Edit(program.place(line, 0), program.place(line, 0), INDENT)
        for line in range(program.function.lineno + 1, last + 1)
        if program.lines[line - 1].strip() and line not in fixed
    ]


def _last_line(program: Program) -> int:
    """The line before the first statement behind the function; the text's last line if there is none."""
    behind = [node.lineno for node in program.tree.body if node.lineno > program.function.lineno]
    decorated = [
        one.lineno
        for node in program.tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        for one in node.decorator_list
        if node.lineno > program.function.lineno
    ]
    return min([*behind, *decorated], default=len(program.lines) + 1) - 1


def _long_strings(program: Program) -> list[tuple[int, int]]:
    """First and last line of every string that goes over several."""
    opens, closes = (getattr(tokenize, name, None) for name in ("FSTRING_START", "FSTRING_END"))
    found, starts = [], []
    for token in program.tokens:
        if token.type == tokenize.STRING and token.end[0] > token.start[0]:
            found.append((token.start[0], token.end[0]))
        elif token.type == opens:
            starts.append(token.start[0])
        elif token.type == closes:
            found.append((starts.pop(), token.end[0]))
    return found
