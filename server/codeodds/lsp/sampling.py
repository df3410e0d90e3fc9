"""Other text for a place or a function, from the endpoint that the settings name. One connection for all features."""

from __future__ import annotations

import asyncio
from typing import Protocol

from codeodds.errors import EndpointError
from codeodds.generation.endpoint import Endpoint
from codeodds.generation.keys import Keys
from codeodds.generation.options import EndpointOptions
from codeodds.generation.samples import Samples
from codeodds.lsp.settings import Settings

SHARE = 2 / 3
"""Of the time that somebody waits, for the samples; the rest is for their scores."""


class Prompt(Protocol):
    """What to go on from, and when a sample has gone too far."""

    @property
    def text(self) -> str: ...

    def leaves(self, text: str) -> bool: ...


class Sampling:
    """Asks for samples, and keeps the keys for it. On the event loop only."""

    def __init__(self) -> None:
        self.keys = Keys()
        self._endpoint = Endpoint()

    async def sample(
        self, settings: Settings, prompt: Prompt, *, max_tokens: int, budget_ms: float, budget: str
    ) -> Samples:
        """What came within `SHARE` of `budget_ms`; `budget` names the setting that gives it.

        `settings`: of the whole server. A folder's are not asked. When the caller is cancelled, connections are closed.

        Raises: EndpointError with one sentence if it is switched off, or if nothing came.
        """
        if not settings.completions_url:
            raise EndpointError(
                "completions_url is empty, so nobody can be asked; name a server with OpenAI's completions protocol "
                "there, such as http://127.0.0.1:8080/v1"
            )
        samples = Samples(prompt.leaves)
        options = self._options(settings, max_tokens)
        limit_ms = SHARE * budget_ms
        try:
            async with asyncio.timeout(limit_ms / 1000):
                await self._endpoint.fill(options, prompt.text, samples)
        except TimeoutError:
            if not len(samples):
                raise EndpointError(
                    f"the completions endpoint {options.address} gave nothing within {limit_ms:.0f} ms, two thirds of "
                    f"{budget}; raise it, or use a smaller model"
                ) from None
        return samples

    def _options(self, settings: Settings, max_tokens: int) -> EndpointOptions:
        return EndpointOptions(
            url=settings.completions_url,
            model=settings.completions_model,
            samples=settings.completions_samples,
            temperature=settings.completions_temperature,
            max_tokens=max_tokens,
            given_key=self.keys.get(settings.completions_url),
            key_variable=settings.completions_key_variable,
        )
