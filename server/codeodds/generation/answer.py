"""Reads the answer of a completions server as it comes: a stream of events, or one object. Pure.

What goes wrong is said in words that complete "the completions endpoint ..."; nothing of the answer is quoted.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from codeodds.errors import EndpointError

MAX_BYTES = 4_000_000
"""A longer answer is not one to a request for a few lines of code."""

_WEB_PAGE = "answered with a web page; is a proxy or a login page in between?"
_GARBAGE = "answered with something else than OpenAI's completions protocol; is completions_url that of such a server?"


@dataclass(frozen=True, slots=True)
class Piece:
    """What one event adds to one of the samples."""

    index: int
    """Number of the sample within the request."""

    text: str

    finished: bool
    """Whether the sample came to its own end: the model or a stop text ended it, not the limit of tokens."""


class AnswerReader:
    """Feed it bytes; it gives pieces. What kind of answer it is shows at the first character."""

    def __init__(self) -> None:
        self._held = b""
        self._size = 0
        self._whole: bool | None = None

    def feed(self, data: bytes) -> list[Piece]:
        """The pieces of the events that are complete now.

        Raises: EndpointError for what is no answer.
        """
        self._size += len(data)
        if self._size > MAX_BYTES:
            raise EndpointError(f"answered with more than {MAX_BYTES:,} bytes; lower completions_max_tokens")
        self._held += data
        if self._whole is None:
            self._look_at_start()
        if self._whole is not False:
            return []
        *lines, self._held = self._held.split(b"\n")
        return [piece for line in lines for piece in _event(line)]

    def end(self) -> list[Piece]:
        """The pieces that the end of the answer completes.

        Raises: EndpointError for what is no answer.
        """
        if not self._size:
            raise EndpointError("gave an empty answer; look at its log")
        if self._whole:
            return _pieces(_parsed(self._held))
        return _event(self._held)

    def _look_at_start(self) -> None:
        start = self._held.removeprefix(b"\xef\xbb\xbf").lstrip()
        if start.startswith(b"<"):
            raise EndpointError(_WEB_PAGE)
        if start:
            self._whole = start.startswith((b"{", b"["))


def _event(line: bytes) -> list[Piece]:
    """A line of a stream of events. Comments and names of events say nothing here."""
    content = line.strip()
    if not content or content.startswith((b":", b"event:", b"id:", b"retry:")):
        return []
    if not content.startswith(b"data:"):
        raise EndpointError(_GARBAGE)
    data = content.removeprefix(b"data:").strip()
    return [] if data in (b"[DONE]", b"") else _pieces(_parsed(data))


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise EndpointError(_GARBAGE) from None


def _pieces(value: Any) -> list[Piece]:
    if isinstance(value, dict) and value.get("error"):
        raise EndpointError("reported an error instead of an answer; look at its log, and at completions_model")
    choices = value.get("choices") if isinstance(value, dict) else None
    if not isinstance(choices, list):
        raise EndpointError(_GARBAGE)
    return [_piece(choice) for choice in choices]


def _piece(choice: Any) -> Piece:
    text, index = (choice.get("text", ""), choice.get("index", 0)) if isinstance(choice, dict) else (None, None)
    # The last event of a stream may have no text.
    text = "" if text is None and isinstance(choice, dict) else text
    if not isinstance(text, str) or not isinstance(index, int) or not 0 <= index < 1_000:
        raise EndpointError(_GARBAGE)
    return Piece(index, text, choice.get("finish_reason") == "stop")
