"""Which functions deserve a score. Pure: what only the model knows (too short, too long) is not decided here."""

from __future__ import annotations

from codeodds.source.functions import Function

DOES_NOT_PARSE = "it does not parse: it is unfinished, or its syntax is not known here"
"""Nobody can tell which of the two: what is not known looks like what is not finished."""


def unscored_because(function: Function) -> str | None:
    """Why a function is not judged, as words that complete "not judged: ..."; None if it may be."""
    if not function.parses:
        return DOES_NOT_PARSE
    if not function.unit.solution.strip():
        return "it has no body yet"
    if function.is_stub:
        return "it is a stub"
    return None
