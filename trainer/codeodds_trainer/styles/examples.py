"""Without the examples (``>>>``) in the docstring of the prompt's function."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from codeodds_trainer.styles.source import Edit, Program, Style, apply_to_both

_DOCSTRING = re.compile(r"([rRuU]?)(\"{3}|'{3})(.*)\2", re.DOTALL)
_HEADING = re.compile(r"\s*(?:for )?(?:examples?|e\.g\.)\s*:*\s*", re.IGNORECASE)
_UNDERLINE = re.compile(r"\s*-+\s*")


def without_examples(programs: Sequence[Program], _problem_id: str) -> Style | None:
    """None if there are no examples, or nothing else in the docstring."""
    program = programs[0]
    first = program.function.body[0]
    if not isinstance(first, ast.Expr) or not isinstance(first.value, ast.Constant):
        return None
    if not isinstance(first.value.value, str):
        return None
    start, end = program.span(first)
    match = _DOCSTRING.fullmatch(program.source[start:end])
    if end > len(program.prompt) or match is None:
        return None
    body = strip_examples(match[3])
    if body is None:
        return None
    edit = Edit(start + match.start(3), start + match.end(3), body)
    return apply_to_both(programs, [[edit], *([] for _ in programs[1:])])


def strip_examples(body: str) -> str | None:
    """What stands between the quotes, without examples: each from ``>>>`` to the next blank line, with its heading.

    None if there are none, or nothing else.
    """
    lines = body.split("\n")
    # The closing quotes may stand on a line of their own; what is before them there is kept.
    tail = [lines.pop()] if len(lines) > 1 and not lines[-1].strip() else []
    kept: list[str] = []
    inside = False
    for line in lines:
        if line.lstrip().startswith(">>>"):
            if not inside:
                _drop_heading(kept)
            inside = True
        elif inside and not line.strip():
            inside = False
            if not kept or kept[-1].strip():
                kept.append(line)
        elif not inside:
            kept.append(line)
    if kept == lines:
        return None
    while kept and not kept[-1].strip():
        kept.pop()
    return "\n".join([*kept, *tail]) if any(line.strip() for line in kept) else None


def _drop_heading(kept: list[str]) -> None:
    while kept and not kept[-1].strip():
        kept.pop()
    above = len(kept) - 2 if kept and _UNDERLINE.fullmatch(kept[-1]) else len(kept) - 1
    if above > 0 and _HEADING.fullmatch(kept[above]):
        del kept[above:]
        while kept and not kept[-1].strip():
            kept.pop()
