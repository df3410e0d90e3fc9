"""Which endpoint to ask, and for what. Plain data."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from codeodds.errors import EndpointError


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

    key_variable: str = ""
    """Environment variable that holds the key; empty for no key."""

    stops: tuple[str, ...] = field(default=("\ndef ", "\nclass ", "\n@", "\nif __name__"))
    """Texts after which nothing can belong to the function; the protocol allows four."""

    @property
    def address(self) -> str:
        """Scheme, host and port, for messages: a URL may hold a password.

        Raises: EndpointError for a URL that names no server.
        """
        try:
            parts = urlsplit(self.url)
            port = "" if parts.port is None else f":{parts.port}"
        except ValueError:
            parts, port = urlsplit(""), ""
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise EndpointError(
                "completions_url names no server; give it as http://127.0.0.1:8080/v1, or leave it empty to switch "
                "completions off"
            )
        return f"{parts.scheme}://{parts.hostname}{port}"

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
        if not self.key_variable:
            return None
        value = os.environ.get(self.key_variable, "").strip()
        if not value or not value.isascii() or not value.isprintable():
            raise EndpointError(
                f"the environment variable {self.key_variable}, which completions_key_variable names, holds no key; "
                "set it before the editor starts, or leave the setting empty"
            )
        return value
