"""Other text for a place or a function: from the endpoint that the settings name, or from the bundle's own language
model. One connection and one set of keys for all features.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from codeodds.engine.api import Sampled, Writing
from codeodds.engine.worker import Priority
from codeodds.errors import EndpointError
from codeodds.generation.answer import Piece
from codeodds.generation.endpoint import Endpoint
from codeodds.generation.keys import Keys
from codeodds.generation.options import EndpointOptions
from codeodds.generation.samples import Samples
from codeodds.lsp.documents.document import Document
from codeodds.lsp.documents.requests import outcome
from codeodds.lsp.documents.scheduler import Documents
from codeodds.lsp.settings.fields import Settings

SHARE = 2 / 3
"""Of the time that somebody waits, for the samples; the rest is for their scores."""

LOCAL = "local"


class Prompt(Protocol):
    """What to go on from, and when a sample has gone too far."""

    @property
    def text(self) -> str: ...

    def leaves(self, text: str) -> bool: ...


class Sampling:
    """Gets samples, and keeps the keys for it. On the event loop only."""

    def __init__(self, documents: Documents) -> None:
        self.keys = Keys()
        self._documents = documents
        self._endpoint = Endpoint()

    async def sample(
        self,
        document: Document,
        prompt: Prompt,
        *,
        max_tokens: int,
        budget_ms: float,
        priority: Priority = Priority.INTERACTIVE,
        seed: int = 0,
    ) -> Samples:
        """What came within `SHARE` of `budget_ms`.

        The settings are those of the whole server: a folder's are not asked. `priority` and `seed` are for the local
        model. When the caller is cancelled, connections are closed and runs ended.

        Raises: EndpointError with one sentence if it is switched off, or if nothing came. From the local model: as
        `Scorer.write`, BundleError, and Superseded when the document changes.
        """
        settings = self._documents.settings
        samples = Samples(prompt.leaves)
        limit_ms = SHARE * budget_ms
        try:
            async with asyncio.timeout(limit_ms / 1000):
                if settings.completions_source == LOCAL:
                    writing = _writing(settings, prompt, max_tokens, seed)
                    await self._write(document, writing, samples, priority)
                else:
                    await self._endpoint.fill(self._options(settings, max_tokens), prompt.text, samples)
        except TimeoutError:
            if not len(samples):
                raise EndpointError(
                    f"{self._who(settings)} gave nothing within {limit_ms:.0f} ms; use a smaller model, or a faster "
                    "machine"
                ) from None
        return samples

    async def _write(self, document: Document, writing: Writing, samples: Samples, priority: Priority) -> None:
        """Fills `samples`, with what there is if it ends early."""
        found: list[Sampled] = []

        def keep(now: list[Sampled]) -> None:
            found[:] = now

        writing = replace(writing, progress=keep)
        try:
            with self._documents.requests.held(document.uri, 1) as keys:
                await outcome(self._documents.worker.submit_task(keys[0], writing, priority))
        finally:
            samples.add(0, _pieces(found))

    def _who(self, settings: Settings) -> str:
        if settings.completions_source == LOCAL:
            return "the model"
        return f"the completions endpoint {self._options(settings, 1).address}"

    def _options(self, settings: Settings, max_tokens: int) -> EndpointOptions:
        """Raises: EndpointError without an endpoint."""
        if not settings.completions_url:
            raise EndpointError(
                "completions_url is empty, so nobody can be asked; name a server with OpenAI's completions protocol "
                "there, such as http://127.0.0.1:8080/v1"
            )
        return EndpointOptions(
            url=settings.completions_url,
            model=settings.completions_model,
            samples=settings.completions_samples,
            temperature=settings.completions_temperature,
            max_tokens=max_tokens,
            given_key=self.keys.get(settings.completions_url),
            key_variable=settings.completions_key_variable,
        )


def _writing(settings: Settings, prompt: Prompt, max_tokens: int, seed: int) -> Writing:
    return Writing(
        prompt.text,
        samples=settings.completions_samples,
        max_tokens=max_tokens,
        temperature=settings.completions_temperature,
        min_p=settings.completions_min_p,
        seed=seed,
        stop=prompt.leaves,
    )


def _pieces(found: Iterable[Sampled]) -> list[Piece]:
    return [Piece(index, text, finished) for index, (text, finished) in enumerate(found)]
