"""Which styles a problem is rewritten in, by a hash of its id, and the rewriting: all its programs alike."""

from __future__ import annotations

import ast
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tqdm import tqdm

from codeodds_trainer.ground.labelled import LabelledProblem
from codeodds_trainer.ground.recipe import StyleName, StylesSection
from codeodds_trainer.styles.comments import without_comments
from codeodds_trainer.styles.examples import without_examples
from codeodds_trainer.styles.hints import without_hints
from codeodds_trainer.styles.method import as_method
from codeodds_trainer.styles.names import renamed
from codeodds_trainer.styles.source import Program, Style, parse_program

STYLES: Mapping[StyleName, Callable[[Sequence[Program], str], Style | None]] = {
    "without-examples": without_examples,
    "without-hints": without_hints,
    "without-comments": without_comments,
    "renamed": renamed,
    "method": as_method,
}
"""In the order in which they are applied. None means that a style changes nothing or cannot be had."""


@dataclass(slots=True)
class Rewritten:
    """What was done, for the report."""

    problems: int = 0
    """Rewritten in at least one style."""
    by_style: Counter[str] = field(default_factory=Counter)
    """Problems rewritten in each."""
    left_out: int = 0
    """Programs of these problems that do not parse as a body of the prompt's function: they can be given no style."""

    def words(self) -> str:
        """One sentence."""
        each = ", ".join(f"{count:,} {name}" for name, count in sorted(self.by_style.items())) or "none"
        return (
            f"styles: {self.problems:,} training problems rewritten ({each}); "
            f"{self.left_out:,} programs left out that do not parse"
        )


def restyle(
    problems: Sequence[LabelledProblem], section: StylesSection | None
) -> tuple[list[LabelledProblem], Rewritten]:
    """The problems, some of them in other styles; with `keep_original`, these stand before their rewritten form."""
    done = Rewritten()
    if section is None:
        return list(problems), done
    found = []
    for problem in tqdm(problems, desc="styles", unit="problem"):
        other = restyle_problem(problem, drawn(problem.problem_id, section), done)
        if other is None or section.keep_original:
            found.append(problem)
        if other is not None:
            found.append(other)
    return found, done


def drawn(problem_id: str, section: StylesSection) -> list[StyleName]:
    """The styles that a problem is to get, whatever else the data holds."""
    return [name for name in STYLES if name in section.kinds and _chance(name, problem_id) < section.probability]


def _chance(name: str, problem_id: str) -> float:
    digest = hashlib.sha256(f"{name}\0{problem_id}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def restyle_problem(
    problem: LabelledProblem, styles: Sequence[StyleName], done: Rewritten | None = None
) -> LabelledProblem | None:
    """All programs of a problem in the same styles; None if none of them changes anything.

    Programs that do not parse as a body of the prompt's function are left out; None if the problem would lose one of
    its labels by that.
    """
    parsed = [(one, parse_program(problem.prompt, one.completion)) for one in problem.programs]
    kept = [one for one, program in parsed if program is not None]
    if not styles or {one.passed for one in kept} != {one.passed for one in problem.programs}:
        return None
    prompt, texts = problem.prompt, [one.completion for one in kept]
    applied = []
    for style in styles:
        programs = [parse_program(prompt, text) for text in texts]
        whole = [program for program in programs if program is not None]
        changed = STYLES[style](whole, problem.problem_id) if len(whole) == len(texts) else None
        if changed is not None and all(_parses(changed[0] + text) for text in changed[1]):
            prompt, texts = changed
            applied.append(style)
    if not applied:
        return None
    if done is not None:
        done.problems += 1
        done.by_style.update(applied)
        done.left_out += len(problem.programs) - len(kept)
    rewritten = (replace(one, completion=text) for one, text in zip(kept, texts, strict=True))
    return replace(problem, prompt=prompt, programs=tuple(dict.fromkeys(rewritten)))


def _parses(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
