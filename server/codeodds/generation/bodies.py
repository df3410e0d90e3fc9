"""Whole bodies for a function: what to send, and which samples are one. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from codeodds.errors import EndpointError
from codeodds.generation.samples import Sample, within_function
from codeodds.source.bodies import as_body
from codeodds.source.functions import Function, find_functions, normalise_newlines
from codeodds.source.parsing import does_not_parse_because
from codeodds.source.places import indentation

_FENCE = "```"
_DEFINITIONS = ("def ", "async def ", "@")


@dataclass(frozen=True, slots=True)
class BodyPrompt:
    """What to send for another body of a function, and how to read what comes back."""

    function: Function
    lines: list[str]
    """The document that holds the function."""

    @property
    def text(self) -> str:
        """Imports, class header, decorators, signature and docstring, up to a line end; nothing of the present body."""
        problem = self.function.unit.problem.rstrip(" \t")
        return problem if problem.endswith("\n") else f"{problem}\n"

    def leaves(self, text: str) -> bool:
        """Whether a sample has left the function."""
        return self._body(text)[1]

    def bodies(self, samples: Iterable[Sample]) -> list[str]:
        """The samples that are a whole body free of syntax errors, each once, in the order given, as they would stand
        in the document.

        A model may write the whole function again, perhaps as a block of Markdown: then its body is taken.

        Raises: EndpointError if there is none.
        """
        found: dict[str, None] = {}
        broken_off = 0
        for sample in samples:
            body, left = self._body(sample.text)
            if not (sample.finished or left):
                broken_off += 1
            elif body.strip():
                found[as_body(body.rstrip(), self.function, self.lines)] = None
        before = self.function.unit.problem
        usable = [body for body in found if does_not_parse_because(before, body) is None]
        if usable:
            return usable
        if broken_off:
            raise EndpointError(
                f"no body came to its end ({broken_off:,} broke off); use a faster model, or ask for a shorter function"
            )
        raise EndpointError("nothing came that can be the body of this function; try another model")

    def _body(self, text: str) -> tuple[str, bool]:
        """The body that a sample begins with, and whether something follows it."""
        lines = normalise_newlines(text).split("\n")
        if _first_code(lines).lstrip().startswith(_FENCE):
            lines = lines[lines.index(_first_code(lines)) + 1 :]
        first = _first_code(lines)
        own = indentation(self.lines[self.function.line]) if self.function.line < len(self.lines) else 0
        if first.lstrip().startswith(_DEFINITIONS) and indentation(first) <= own:
            return self._body_of_whole(lines)
        kept, left = within_function(lines, own)
        return "\n".join(kept), left

    def _body_of_whole(self, lines: list[str]) -> tuple[str, bool]:
        """The body of the function if it was written again."""
        end = next((number for number, line in enumerate(lines) if line.lstrip().startswith(_FENCE)), len(lines))
        name = self.function.name.rpartition(".")[2]
        for function in find_functions("\n".join(lines[:end])):
            if function.name.rpartition(".")[2] == name:
                behind = end < len(lines) or any(line.strip() for line in lines[function.end_line + 1 :])
                return function.unit.solution, behind
        return "", False


def _first_code(lines: list[str]) -> str:
    return next((line for line in lines if line.strip()), "")
