"""Without comments in the solution. Comments of the prompt stay: they may state the problem."""

from __future__ import annotations

import tokenize
from collections.abc import Sequence

from codeodds_trainer.styles.source import Edit, Program, Style, apply_to_both


def without_comments(programs: Sequence[Program], _problem_id: str) -> Style | None:
    """A line that is only a comment goes as a whole. None if no completion has a comment."""
    edits = [_edits(program) for program in programs]
    return apply_to_both(programs, edits) if any(edits) else None


def _edits(program: Program) -> list[Edit]:
    found = []
    for token in program.tokens:
        line, column = token.start
        if token.type != tokenize.COMMENT or line <= program.prompt_lines:
            continue
        code = program.lines[line - 1][:column].rstrip()
        end = program.place(line, column) + len(token.string)
        if code:
            found.append(Edit(program.place(line, len(code)), end, ""))
        else:
            found.append(Edit(program.place(line, 0), min(end + 1, len(program.source)), ""))
    return found
