"""How much the log-odds of an edit say about a slip, beyond what they say about words and lengths. Pure.

The constants were chosen on 137 functions of packages first published in 2026; docs/LOG.md has the comparison.
"""

from __future__ import annotations

import keyword
import re

from codeodds.edits.edit import Edit
from codeodds.types import ScoringUnit

LOST_TOKEN = 3.0
"""In nats. Each token costs some, so that an edit that takes tokens away wins by that alone: this much is not counted
for each."""
LOST_NEGATION = 1.5
"""The same where a ``not`` goes: it is a likely word, and costs less."""
NEW_WORD = 6.0
"""In nats. A name costs most where it stands for the first time, so that any name that stood before wins against it:
this much is not counted."""
FREE_CHOICE = 7.0
"""In nats. Which name, attribute or argument is meant is known to whoever wrote it, and rarely said in the function: of
right functions as many have a likelier name by this much more as have a likelier operator or number."""
BOUND = frozenset({"operator", "boundary", "negation", "number", "constant", "control", "keyword"})
"""Kinds of edits that replace none of these."""

_WORD = re.compile(r"[^\W\d]\w*")


def bias(unit: ScoringUnit, edit: Edit, gained: int) -> float:
    """What to take off the log-odds of an edit, in nats. `gained`: tokens that it adds; below 0 if it takes some."""
    lost = max(-gained, 0) * (LOST_NEGATION if edit.kind == "negation" else LOST_TOKEN)
    if edit.kind in BOUND:
        return lost
    return lost + FREE_CHOICE + (NEW_WORD if _writes_a_new_word(unit, edit) else 0.0)


def _writes_a_new_word(unit: ScoringUnit, edit: Edit) -> bool:
    """Whether the word at the edit's place, as it is written, stands there for the first time in the unit."""
    solution = unit.solution
    start = edit.start
    while start < edit.end and solution[start].isspace():
        start += 1
    while start > 0 and (solution[start - 1].isalnum() or solution[start - 1] == "_"):
        start -= 1
    word = _WORD.match(solution, start)
    if word is None or keyword.iskeyword(word.group()):
        return False
    pattern = re.compile(rf"\b{re.escape(word.group())}\b")
    return pattern.search(unit.problem) is None and pattern.search(solution, 0, start) is None
