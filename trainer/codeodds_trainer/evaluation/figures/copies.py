"""Programs as often as a policy drew them.

Equal programs of a problem are scored once, but figures count each as often as it stands in its file: best k of n is
about n draws from a policy, and what a policy writes again and again is more often right than what it writes once.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from codeodds_trainer.ground.labelled import count_programs
from codeodds_trainer.ground.scoring import ScoredProgram, ScoredSet, program_key

Copies = Counter[tuple[str, str, bool, str]]
"""How often a program stands in a file, by problem id, text key, label and generator."""


def read_copies(path: Path, split: str) -> Copies:
    """Copies of the programs of a file.

    Raises: DataError as `read_problems` does.
    """
    copies: Copies = Counter()
    for (problem_id, prompt, program), count in count_programs(path, [split]).items():
        copies[problem_id, program_key(prompt, program.completion), program.passed, program.generator] += count
    return copies


def as_drawn(scored: ScoredSet, copies: Copies) -> ScoredSet:
    """Each program as often as it stands in the file."""
    return ScoredSet([row for row in scored.rows for _ in range(copies[_key(row)])])


def _key(row: ScoredProgram) -> tuple[str, str, bool, str]:
    return row.problem_id, row.text, row.passed, row.generator
