"""What a document holds beside the function: attributes by object, keys, names of the module. Read without a parser, so
that a document that does not parse serves as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from keyword import iskeyword

MAX_CHARACTERS = 400_000
"""Of a longer document the start is read."""

_ATTRIBUTE = re.compile(r"\b([^\W\d]\w*)\.([^\W\d]\w*)(\()?")
_KEY = re.compile(r"""(?:\[|\.(?:get|pop|setdefault)\()(["'])([^"'\\\r\n]{1,40})\1[\],)]""")
_METHOD = re.compile(r"^[ \t]+(?:async[ \t]+)?def[ \t]+(\w+)", re.MULTILINE)
_GLOBAL = re.compile(
    r"^(?:(?:async[ \t]+)?def[ \t]+|class[ \t]+)?([^\W\d]\w*)(?=[ \t]*(?:=[^=]|:[^:\n]+=|\(|:$))", re.MULTILINE
)
_CLASS = r"^([ \t]*)class[ \t]+{name}\b"
_FLUSH = r"^{indentation}[^\s#)\]}}]"


@dataclass(slots=True)
class Seen:
    """Attributes, keys and names, each list in order of first appearance."""

    attributes: dict[str, dict[str, set[bool]]] = field(default_factory=dict)
    """For each object's name its attributes, and whether these are called (both may be)."""
    keys: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """Bound at the module's top."""

    def called(self, attribute: str) -> set[bool]:
        """Whether an attribute of any object is called."""
        return {is_called for found in self.attributes.values() for is_called in found.get(attribute, ())}


@lru_cache(maxsize=8)
def seen_in(document: str) -> Seen:
    """What a text holds."""
    text = document[:MAX_CHARACTERS]
    seen = Seen()
    for match in _ATTRIBUTE.finditer(text):
        seen.attributes.setdefault(match[1], {}).setdefault(match[2], set()).add(match[3] is not None)
    seen.keys = list(dict.fromkeys(match[2] for match in _KEY.finditer(text)))
    seen.names = list(dict.fromkeys(match[1] for match in _GLOBAL.finditer(text) if not iskeyword(match[1])))
    return seen


@lru_cache(maxsize=32)
def members(document: str, name: str) -> dict[str, set[bool]]:
    """Attributes of ``self`` and methods of a class of the document."""
    text = document[:MAX_CHARACTERS]
    start = re.search(_CLASS.format(name=re.escape(name)), text, re.MULTILINE)
    if start is None:
        return {}
    end = re.compile(_FLUSH.format(indentation=start[1]), re.MULTILINE).search(text, start.end())
    body = text[start.end() : end.start() if end else len(text)]
    found: dict[str, set[bool]] = {}
    for match in _ATTRIBUTE.finditer(body):
        if match[1] == "self":
            found.setdefault(match[2], set()).add(match[3] is not None)
    for match in _METHOD.finditer(body):
        if not match[1].startswith("__"):
            found.setdefault(match[1], set()).add(True)
    return found
