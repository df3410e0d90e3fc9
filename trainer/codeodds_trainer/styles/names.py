"""With other names for local variables.

A name gets the same new one in all programs of a problem, so that what they share stays shared. It is renamed only if
every program that mentions it binds it as a plain variable and in no other way, so that nothing but the name changes.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import keyword
import re
import tokenize
from collections.abc import Iterable, Sequence

from codeodds_trainer.styles.source import Edit, Program, Style, apply_to_both, names_in

WORDS = (
    "value", "item", "result", "current", "other", "count", "entry", "total", "first", "second", "found", "part",
    "index", "size", "start", "limit", "piece", "state", "best", "seen", "left", "right", "step", "key", "pos", "acc",
    "res", "cur", "tmp", "num", "idx", "val", "out", "ans", "k", "m", "p", "q", "u", "v", "w", "t", "x1", "x2", "y1",
)  # fmt: skip
"""New names, none of which a builtin has."""
_READ_BY_NAME = frozenset({"locals", "globals", "vars", "eval", "exec", "dir", "compile", "__builtins__"})


def renamed(programs: Sequence[Program], problem_id: str) -> Style | None:
    """None if no name can be changed."""
    if any(names_in(program.tree) & _READ_BY_NAME or _has_classes_or_stars(program) for program in programs):
        return None
    mentioned = [names_in(program.tree) for program in programs]
    fixed = _prompt_names(programs[0].prompt) | set(dir(builtins))
    plain = [_plain_variables(program) for program in programs]
    names = {
        name
        for name in set().union(*plain) - fixed
        if all(name in own for own, every in zip(plain, mentioned, strict=True) if name in every)
    }
    names -= set().union(*(_words_of_comments(program) for program in programs))
    new = new_names(names, set().union(*mentioned) | fixed, problem_id)
    edits = [_edits(program, new) for program in programs]
    return apply_to_both(programs, edits) if any(edits) else None


def new_names(names: Iterable[str], taken: set[str], problem_id: str) -> dict[str, str]:
    """A new name for each, none of them taken, chosen by hashes of the problem's id and the name."""
    taken = set(taken)
    found: dict[str, str] = {}
    for name in sorted(names, key=lambda one: (_hash(problem_id, one), one)):
        start = _hash(problem_id, name) % len(WORDS)
        turned = WORDS[start:] + WORDS[:start]
        found[name] = next(
            word
            for number in range(1, len(taken) + 2)
            for word in (turned if number == 1 else [f"{turned[0]}_{number}"])
            if word not in taken
        )
        taken.add(found[name])
    return found


def _hash(problem_id: str, name: str) -> int:
    digest = hashlib.sha256(f"{problem_id}\0{name}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big")


def _prompt_names(prompt: str) -> set[str]:
    """Whatever might be a name there, in text too."""
    return set(re.findall(r"\w+", prompt))


def _has_classes_or_stars(program: Program) -> bool:
    """Classes make attributes of names; an import of everything binds unknown ones."""
    within = any(isinstance(node, ast.ClassDef) for node in ast.walk(program.function))
    stars = any(
        isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
        for node in ast.walk(program.tree)
    )
    return within or stars


def _plain_variables(program: Program) -> set[str]:
    """Names that the function binds as variables, that nothing binds or names in another way, and that stand neither
    outside it nor in an f-string.
    """
    bound: set[str] = set()
    unfit: set[str] = {"_"}
    inside = set(ast.walk(program.function))
    for node in ast.walk(program.tree):
        if isinstance(node, ast.Name):
            if node not in inside:
                unfit.add(node.id)
            elif isinstance(node.ctx, ast.Store):
                bound.add(node.id)
        elif isinstance(node, ast.JoinedStr):
            unfit |= {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
        elif not isinstance(node, ast.keyword | ast.Attribute | ast.Constant):
            unfit |= _own_strings(node)
    return {name for name in bound - unfit if not name.startswith("__") and not keyword.issoftkeyword(name)}


def _own_strings(node: ast.AST) -> set[str]:
    """Identifiers that a node holds itself: a function's name, an argument, an alias, a captured name, a global."""
    found: set[str] = set()
    for _, value in ast.iter_fields(node):
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str):
                found.update(item.split("."))
    return found


def _words_of_comments(program: Program) -> set[str]:
    """A comment that speaks of a variable would be left behind."""
    comments = (token.string for token in program.tokens if token.type == tokenize.COMMENT)
    return {word for comment in comments for word in re.findall(r"\w+", comment)}


def _edits(program: Program, new: dict[str, str]) -> list[Edit]:
    return [
        Edit(*program.span(node), new[node.id])
        for node in ast.walk(program.function)
        if isinstance(node, ast.Name) and node.id in new
    ]
