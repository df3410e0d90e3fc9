"""Asks a completions server. The only file of the server that opens connections: to the address that the settings
name, and to no other. No proxy is asked, no redirect followed, nothing is logged.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from codeodds.errors import EndpointError
from codeodds.generation.answer import AnswerReader
from codeodds.generation.options import EndpointOptions
from codeodds.generation.samples import Samples

if TYPE_CHECKING:
    import httpx

CONNECT_WITHIN_S = 5.0


class Endpoint:
    """A client for any endpoint; it learns which servers give one sample a request, whatever they are asked for.

    For one event loop.
    """

    def __init__(self) -> None:
        self._client: httpx.AsyncClient | None = None
        self._one_by_one: set[str] = set()

    async def fill(self, options: EndpointOptions, prompt: str, samples: Samples) -> None:
        """Ask for ways to go on after a text; they are in `samples` as they come, until all are there.

        Cancelling it closes the connections, and leaves what came.

        Raises: EndpointError with one sentence if nothing came.
        """
        address, key = options.address, options.key()
        if self._client is None:
            # Importing it and reading the certificates takes a good part of a second.
            client = await asyncio.to_thread(_open_client)
            self._client = self._client or client
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        try:
            if options.samples == 1 or options.url in self._one_by_one:
                await self._ask_one_by_one(options, prompt, headers, samples, range(options.samples))
                return
            refused = False
            try:
                await self._ask(options, prompt, headers, samples, request=0, number=options.samples)
            except _Refused:
                refused = True
            came = samples.of_request(0)
            missing = options.samples - came
            if missing > 0:
                await self._ask_one_by_one(options, prompt, headers, samples, range(1, missing + 1))
                # An empty answer tells nothing of how many samples the server gives.
                if refused or came > 0:
                    self._one_by_one.add(options.url)
        except EndpointError as error:
            if not len(samples):
                raise EndpointError(f"the completions endpoint {address} {error}") from error

    async def close(self) -> None:
        """Close what is open."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _ask_one_by_one(
        self, options: EndpointOptions, prompt: str, headers: dict[str, str], samples: Samples, requests: range
    ) -> None:
        """One sample a request, all at the same time. Raises: EndpointError if all of them fail."""
        asked = [self._ask(options, prompt, headers, samples, request, 1) for request in requests]
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        if len(failures) == len(outcomes):
            raise failures[0]

    async def _ask(
        self,
        options: EndpointOptions,
        prompt: str,
        headers: dict[str, str],
        samples: Samples,
        request: int,
        number: int,
    ) -> None:
        import httpx

        assert self._client is not None
        body: dict[str, Any] = {
            # An editor may hold what UTF-8 cannot.
            "prompt": prompt.encode("utf-8", "replace").decode("utf-8"),
            "max_tokens": options.max_tokens,
            "temperature": options.temperature,
            "stop": list(options.stops),
            "stream": True,
        }
        body |= {"model": options.model} if options.model else {}
        body |= {"n": number} if number > 1 else {}
        reader = AnswerReader()
        try:
            async with self._client.stream("POST", options.completions_url, json=body, headers=headers) as response:
                _check(response.status_code, options, number)
                async for data in response.aiter_bytes():
                    samples.add(request, reader.feed(data))
                    if samples.suffice(request, number):
                        # Leaving closes the connection, so that the server writes no more.
                        return
            samples.add(request, reader.end())
        except httpx.ConnectError:
            raise EndpointError("can't be reached; start it, or correct completions_url") from None
        except httpx.TimeoutException:
            raise EndpointError("did not answer in time; is it busy?") from None
        except httpx.HTTPError as error:
            raise EndpointError(f"broke the connection off ({type(error).__name__}); look at its log") from None
        except (httpx.InvalidURL, UnicodeError):
            raise EndpointError("is no valid address; correct completions_url") from None


class _Refused(EndpointError):
    """The server does not take the request as it is, perhaps because it gives one sample only."""


def _check(status: int, options: EndpointOptions, number: int) -> None:
    """Raises: EndpointError for any status but 200."""
    if status == 200:
        return
    if status in (401, 403):
        raise EndpointError(f"refuses the key (status {status}); {_key_remedy(options)}")
    if status == 404:
        raise EndpointError(
            "knows no such model, or no completions (status 404); see completions_url, completions_model"
        )
    if 300 <= status < 400:
        raise EndpointError(f"redirects elsewhere (status {status}), which is not followed; give the address itself")
    if status in (400, 422):
        raise _Refused(f"refuses the request (status {status}); see completions_model and completions_max_tokens")
    raise EndpointError(f"answered with status {status}; look at its log, or try again later")


def _key_remedy(options: EndpointOptions) -> str:
    if options.given_key is not None:
        return "see that the one that was set for this address is right, and set it again"
    if options.key_variable:
        return f"see that the environment variable {options.key_variable} holds a key that it knows"
    return "see that completions_key_variable names an environment variable with one, or set one in the editor"


def _open_client() -> httpx.AsyncClient:
    import httpx

    # The time is limited by whoever asks. Variables for proxies and ~/.netrc must not send code or keys elsewhere.
    timeout = httpx.Timeout(None, connect=CONNECT_WITHIN_S)
    return httpx.AsyncClient(timeout=timeout, trust_env=False, follow_redirects=False)
