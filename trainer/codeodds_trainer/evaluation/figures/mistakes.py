"""What is wrong with a failing program, as far as text can tell: beside the right program of its problem that is
nearest to it.

A program with an injected error says itself which it is; see `codeodds_trainer.data.injection`.
"""

from __future__ import annotations

import ast
import difflib
import io
import tokenize
from collections.abc import Sequence

from codeodds.execution.shown import defines_solution
from codeodds_trainer.data.injection.mutants import MUTANT
from codeodds_trainer.data.injection.pairs import ALTERNATIVE
from codeodds_trainer.evaluation.baselines.static_checks import DOES_NOT_PARSE, leetcode_names, static_score
from codeodds_trainer.ground.labelled import LabelledProblem, LabelledProgram

NEAREST = 6
"""Right programs of a problem that a failing one is compared with: those nearest in length."""
ANOTHER = 0.6
"""Programs that share fewer of their tokens (difflib's ratio) go about it in another way."""

BROKEN = "does not parse"
UNDEFINED = "undefined name or missing import"
OFF_BY_ONE = "off by one"
OPERATOR = "wrong operator"
CONSTANT = "wrong constant"
NAME = "wrong name"
FORMAT = "prints instead of returning"
MISSING = "missing step"
SUPERFLUOUS = "superfluous step"
OTHER = "another approach"
SEVERAL = "several differences"
UNKNOWN = "no right program to compare with"

Right = Sequence[tuple[str, str]]
"""Prompt and completion of passing programs."""

_BOUNDARIES = ({"<", "<="}, {">", ">="})


def is_put_in(generator: str) -> bool:
    """True for an error that was injected into a right program."""
    return generator == ALTERNATIVE or generator.startswith(MUTANT)


def kind_of_mistake(problem: LabelledProblem, program: LabelledProgram, right: Right) -> str:
    """The kind of a failing program's mistake, in words for a table.

    `right`: the passing programs of its problem id. Those under its own prompt are preferred: then bodies are compared,
    else whole programs.
    """
    if program.generator.startswith(MUTANT):
        return f"injected: {program.generator.removeprefix(MUTANT)}"
    if program.generator == ALTERNATIVE:
        return "injected: a model's alternative"
    known = leetcode_names() if defines_solution(program.completion) else frozenset()
    found = static_score(problem.prompt + program.completion, known)
    if found == DOES_NOT_PARSE:
        return BROKEN
    if found < 0:
        return UNDEFINED
    bodies = [completion for prompt, completion in right if prompt == problem.prompt]
    if bodies:
        return difference(program.completion, nearest(program.completion, bodies))
    if not right:
        return UNKNOWN
    source = problem.prompt + program.completion
    return difference(source, nearest(source, [prompt + completion for prompt, completion in right]))


def nearest(completion: str, right: Sequence[str]) -> str:
    """Of the `NEAREST` right programs closest in length, the one that shares the most tokens."""
    close = sorted(right, key=lambda other: abs(len(other) - len(completion)))[:NEAREST]
    own = code_tokens(completion)
    return max(close, key=lambda other: difflib.SequenceMatcher(None, own, code_tokens(other), autojunk=False).ratio())


def difference(wrong: str, right: str) -> str:
    """What sets a wrong program apart from a right one."""
    own, other = code_tokens(wrong), code_tokens(right)
    matcher = difflib.SequenceMatcher(None, own, other, autojunk=False)
    if "print" in own and "return" not in own and "return" in other:
        return FORMAT
    if matcher.ratio() < ANOTHER:
        return OTHER
    edits = [edit for edit in matcher.get_opcodes() if edit[0] != "equal"]
    if len(edits) != 1:
        return SEVERAL
    _, first, last, start, end = edits[0]
    mine, theirs = own[first:last], other[start:end]
    if _off_by_one(mine, theirs):
        return OFF_BY_ONE
    if len(mine) == len(theirs) == 1:
        return _one_token(mine[0], theirs[0])
    if not mine or (len(mine) < len(theirs) and theirs[: len(mine)] == mine):
        return MISSING
    if not theirs:
        return SUPERFLUOUS
    return SEVERAL


def code_tokens(completion: str) -> list[str]:
    """Python's tokens without comments, docstrings and blank lines; words between white space where Python finds none.

    Of a body or a whole program.
    """
    silent = (tokenize.COMMENT, tokenize.NL)
    try:
        # A body alone is indented, which tokenize takes for an error at its end only if it is uneven.
        every = tokenize.generate_tokens(io.StringIO("if 1:\n" + completion).readline)
        found = [token for token in every if token.type not in silent]
    except (tokenize.TokenError, SyntaxError):
        return completion.split()
    edges = (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    return [
        token.string
        for before, token, after in zip(found[2:], found[3:], found[4:], strict=False)
        if token.type not in (*edges, tokenize.ENDMARKER)
        and not (token.type == tokenize.STRING and before.type in edges and after.type == tokenize.NEWLINE)
    ]


def _off_by_one(mine: list[str], theirs: list[str]) -> bool:
    if len(mine) == len(theirs) == 1:
        if {mine[0], theirs[0]} in _BOUNDARIES:
            return True
        one, other = _integer(mine[0]), _integer(theirs[0])
        return one is not None and other is not None and abs(one - other) == 1
    # ``n`` for ``n - 1`` or ``n + 1``.
    longer = mine or theirs if not (mine and theirs) else []
    return len(longer) == 2 and longer[0] in ("+", "-") and longer[1] == "1"


def _one_token(mine: str, theirs: str) -> str:
    if mine.isidentifier() and theirs.isidentifier():
        return OPERATOR if {mine, theirs} == {"and", "or"} else NAME
    if _is_literal(mine) and _is_literal(theirs):
        return CONSTANT
    return OPERATOR if not (mine[:1].isalnum() or theirs[:1].isalnum()) else SEVERAL


def _integer(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


def _is_literal(text: str) -> bool:
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False
    return True
