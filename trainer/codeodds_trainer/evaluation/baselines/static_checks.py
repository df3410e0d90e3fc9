"""Static checks: what a linter knows without running anything.

A program that does not parse scores lowest. Any other scores minus the number of pyflakes messages that foretell an
exception: names that are undefined, or local and read before they are bound. Unused names and imports are not counted:
they are matters of style, and a fork of a right program has as many.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import cache

from pyflakes import messages
from pyflakes.checker import Checker
from tqdm import tqdm

from codeodds.execution.shown import PREAMBLE, defines_solution
from codeodds_trainer.evaluation.baselines.store import ValueStore
from codeodds_trainer.ground.labelled import LabelledProblem
from codeodds_trainer.ground.scoring import text_key

COUNTED = (messages.UndefinedName, messages.UndefinedLocal)

DOES_NOT_PARSE = -1000.0
"""Below the score of any program that parses."""

NODES = frozenset({"ListNode", "TreeNode", "Node"})
"""Classes that LeetCode's judge defines."""


def static_score(source: str, known: frozenset[str] = frozenset()) -> float:
    """Minus the number of names that are undefined, or DOES_NOT_PARSE. `known`: names defined elsewhere."""
    try:
        tree = ast.parse(source)
        # Compiled too: `return` outside a function parses.
        compile(source, "<program>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return DOES_NOT_PARSE
    try:
        found = Checker(tree, builtins=known).messages
    except RecursionError:
        # An expression of a thousand terms is too deep for pyflakes, which then knows nothing against the program.
        return 0.0
    return max(-float(sum(isinstance(message, COUNTED) for message in found)), DOES_NOT_PARSE + 1)


def run_static_checks(problems: Sequence[LabelledProblem], store: ValueStore) -> None:
    """Score every program that has no score yet; one value a program."""
    pending = store.pending(problems)
    with store:
        for problem in tqdm(pending, desc="static checks", unit="problem", disable=not pending):
            store.add(
                {
                    text_key(problem, program): [
                        static_score(
                            problem.prompt + program.completion,
                            leetcode_names() if defines_solution(program.completion) else frozenset(),
                        )
                    ]
                    for program in problem.programs
                }
            )


@cache
def leetcode_names() -> frozenset[str]:
    """Names that LeetCode's judge has imported or defined."""
    namespace: dict[str, object] = {}
    exec(PREAMBLE, namespace)
    return NODES | {name for name in namespace if not name.startswith("__")}
