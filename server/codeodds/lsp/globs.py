"""Globs of paths, for the setting `exclude`. Pure."""

from __future__ import annotations

import re
from functools import lru_cache


def matches(path: str, pattern: str) -> bool:
    """Whether a path with forward slashes, relative to its folder, matches a glob.

    ``*`` and ``?`` stop at a slash, ``**/`` stands for any folders, ``[a-c]`` and ``[!a]`` for one character. A pattern
    without a slash means a name at any depth; one that ends in a slash means a folder with all that is in it.
    """
    return _compiled(pattern).fullmatch(path) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    anywhere = r"(?:[^/]+/)*" if "/" not in pattern.removesuffix("/") else ""
    plain = anywhere + re.escape(pattern)
    if pattern.endswith("/"):
        pattern += "**"
    expression = anywhere
    position = 0
    while position < len(pattern):
        rest = pattern[position:]
        bracket = re.match(r"\[(!?)([^\]/]+)\]", rest)
        if rest.startswith("**/"):
            expression, position = expression + r"(?:[^/]+/)*", position + 3
        elif rest.startswith("**"):
            expression, position = expression + r".*", position + 2
        elif rest[0] == "*":
            expression, position = expression + r"[^/]*", position + 1
        elif rest[0] == "?":
            expression, position = expression + r"[^/]", position + 1
        elif bracket:
            inside = re.sub(r"([\\\[\]^&~|])", r"\\\1", bracket[2])
            expression, position = expression + f"[{'^' if bracket[1] else ''}{inside}]", position + bracket.end()
        else:
            expression, position = expression + re.escape(rest[0]), position + 1
    try:
        return re.compile(expression, re.DOTALL)
    except re.error:
        # A range that runs backwards: the characters stand for themselves.
        return re.compile(plain)
