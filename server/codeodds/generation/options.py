"""Which endpoint to ask, and for what. Plain data."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from codeodds.errors import EndpointError

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """A server that speaks OpenAI's completions protocol: llama.cpp, Ollama, vLLM, LM Studio and others."""

    url: str
    """With or without ``/v1``; http or https."""

    model: str = ""
    """Name of the model there; empty where the server has one alone."""

    samples: int = 3
    """Ways to go on to ask for, at least 1."""

    temperature: float = 0.8
    """Of the sampling, 0 to 2."""

    max_tokens: int = 128
    """Longest sample, in tokens of the model there."""

    given_key: str | None = field(default=None, repr=False)
    """The key that a client gave for this address. It goes before that of the variable."""

    key_variable: str = ""
    """Environment variable that holds the key; empty for no key."""

    stops: tuple[str, ...] = field(default=("\ndef ", "\nclass ", "\n@", "\nif __name__"))
    """Texts after which nothing can belong to the function; the protocol allows four."""

    @property
    def address(self) -> str:
        """Scheme, host and port, for messages: a URL may hold a password.

        Raises: EndpointError for a URL that names no server.
        """
        return address_of(self.url)

    @property
    def completions_url(self) -> str:
        """Where to post."""
        base = self.url.rstrip("/")
        if base.endswith("/completions"):
            return base
        return f"{base}/completions" if base.endswith("/v1") else f"{base}/v1/completions"

    def key(self) -> str | None:
        """The key, read anew each time.

        Raises: EndpointError if the variable is not set.
        """
        if self.given_key is not None or not self.key_variable:
            return self.given_key
        value = os.environ.get(self.key_variable, "").strip()
        if not is_key(value):
            raise EndpointError(
                f"the environment variable {self.key_variable}, which completions_key_variable names, holds no key; "
                "set it before the editor starts, or leave the setting empty"
            )
        return value


def address_of(url: str) -> str:
    """Scheme, host and port of a URL, the port left out where it is the scheme's own.

    Raises: EndpointError for a URL that names no server.
    """
    try:
        parts = urlsplit(url)
        port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
    except ValueError:
        parts, port = urlsplit(""), ""
    if parts.scheme not in _PORTS or not parts.hostname:
        raise EndpointError(
            "completions_url names no server; give it as http://127.0.0.1:8080/v1, or leave it empty to switch "
            "completions off"
        )
    return f"{parts.scheme}://{parts.hostname}{port}"


def is_key(text: str) -> bool:
    """Whether a text can be sent as a key in a header."""
    return text != "" and text.isascii() and text.isprintable()
