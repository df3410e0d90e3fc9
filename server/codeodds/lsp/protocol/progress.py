"""Tells a client how far a request for scores is, and what is known already, if it gave tokens for that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lsprotocol import types as lsp

Notify = Callable[[str, Any], None]
"""Sends a notification: its method and parameters."""

TITLE = "codeodds: scoring"


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a request may name progress by; None where it does not want any."""

    work_done: lsp.ProgressToken | None = None
    partial_result: lsp.ProgressToken | None = None


class ScoreProgress:
    """Of one request. Partial results replace those of the answer, as the protocol wants."""

    def __init__(self, notify: Notify, tokens: Tokens) -> None:
        self._notify = notify
        self._tokens = tokens
        self._begun = False

    @property
    def sends_results(self) -> bool:
        """Whether functions go out as they come."""
        return self._tokens.partial_result is not None

    def scored(self, functions: list[dict[str, Any]], done: int, total: int) -> None:
        """What is to be said of more functions, and how many of those that have to be scored are."""
        if self._tokens.partial_result is not None and functions:
            self._send(self._tokens.partial_result, {"functions": functions})
        if self._tokens.work_done is None or not total:
            return
        percentage, message = 100 * done // total, f"{done} of {total} functions"
        if self._begun:
            self._send(self._tokens.work_done, lsp.WorkDoneProgressReport(message=message, percentage=percentage))
        else:
            self._begun = True
            begin = lsp.WorkDoneProgressBegin(TITLE, cancellable=False, message=message, percentage=percentage)
            self._send(self._tokens.work_done, begin)

    def end(self) -> None:
        """The request was answered, or failed."""
        if self._begun and self._tokens.work_done is not None:
            self._send(self._tokens.work_done, lsp.WorkDoneProgressEnd())

    def _send(self, token: lsp.ProgressToken, value: Any) -> None:
        self._notify(lsp.PROGRESS, lsp.ProgressParams(token=token, value=value))
