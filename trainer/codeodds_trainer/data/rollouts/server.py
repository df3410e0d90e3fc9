"""A server with OpenAI's completions protocol as policy: vLLM, llama.cpp, Ollama and others.

Asks ``POST /v1/completions`` for text with log-probabilities. Both answers in use are read: lists of tokens and numbers
(vLLM), and a list of objects (llama.cpp).
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from codeodds_trainer.data.rollouts.scheme import Finish, Fork, Sample, Sampling, cut, cut_tokens
from codeodds_trainer.ground.errors import PolicyError

ATTEMPTS = 5
STOPS = ["\ndef ", "\nclass ", "\nif __name__", "\nprint("]
"""Texts after which nothing can belong to the function; the protocol allows four."""

KEY_VARIABLE = "CODEODDS_API_KEY"
"""Environment variable with the key, for servers that want one."""


class ServerPolicy:
    """A model behind an HTTP address."""

    def __init__(self, address: str, model: str, concurrency: int = 8, timeout_s: float = 300.0) -> None:
        """`address`: with or without ``/v1``. `concurrency`: requests at once."""
        self.name = model
        base = address.rstrip("/")
        self._url = f"{base}/completions" if base.endswith("/v1") else f"{base}/v1/completions"
        key = os.environ.get(KEY_VARIABLE)
        self._client = httpx.Client(timeout=timeout_s, headers={"Authorization": f"Bearer {key}"} if key else {})
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="codeodds-policy")

    def main_rollouts(self, prompts: Sequence[str], sampling: Sampling, seed: int) -> list[list[Sample]]:
        """One request a prompt, several at a time."""
        count = sampling.main_rollouts
        jobs = [
            self._pool.submit(self._samples, prompt, "", sampling, count, seed + index, sampling.forking_tokens > 0)
            for index, prompt in enumerate(prompts)
        ]
        return [job.result() for job in jobs]

    def forked_rollouts(
        self, prompt: str, main: Sample, forks: Sequence[Fork], sampling: Sampling, seed: int
    ) -> list[list[Sample]]:
        """One request a fork. The server makes tokens of the prefix anew; its own cache saves it most of the work."""
        count = sampling.rollouts_per_fork
        jobs = [
            self._pool.submit(self._samples, prompt, fork.prefix, sampling, count, seed + index, False)
            for index, fork in enumerate(forks)
        ]
        return [job.result() for job in jobs]

    def _samples(
        self, prompt: str, prefix: str, sampling: Sampling, count: int, seed: int, with_tokens: bool
    ) -> list[Sample]:
        found: list[Sample] = []
        while len(found) < count:
            # Some servers give one choice, whatever `n` says.
            answer = self._ask(
                {
                    "model": self.name,
                    "prompt": prompt + prefix,
                    "n": count - len(found),
                    "max_tokens": sampling.max_tokens,
                    "temperature": sampling.temperature,
                    "top_p": sampling.top_p,
                    **({"min_p": sampling.min_p} if sampling.min_p else {}),
                    **({"stop": STOPS} if sampling.stop_at_function_end else {}),
                    **({"logprobs": 1} if with_tokens else {}),
                    "seed": (seed * 1_000 + len(found)) % 2**31,
                }
            )
            choices = answer.get("choices")
            if not isinstance(choices, list) or not choices:
                raise PolicyError(f"{self._url} answered without `choices`; is it a completions server?")
            found += [self._sample(choice, prefix, sampling, with_tokens) for choice in choices]
        return found[:count]

    def _sample(self, choice: Any, prefix: str, sampling: Sampling, with_tokens: bool) -> Sample:
        try:
            text = prefix + choice["text"]
            reason = choice.get("finish_reason")
            tokens, probabilities = _tokens_of(choice["logprobs"]) if with_tokens else ([], [])
        except (KeyError, TypeError, ValueError, AttributeError):
            raise PolicyError(
                f"{self._url} gave no log-probabilities, which forking needs; start the server with them, or sample "
                "independently with --forking-tokens 0"
                if with_tokens
                else f"{self._url} gave a choice without text; is it a completions server?"
            ) from None
        text, ended = cut(text, sampling.stop_at_function_end)
        finish: Finish = "end of function" if ended else "length" if reason == "length" else "end of text"
        kept = cut_tokens(tokens, len(text))
        return Sample(text, finish, tuple(tokens[:kept]), tuple(probabilities[:kept]))

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Raises: PolicyError after some attempts, or at once for what another attempt will not change."""
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(min(30.0, 0.5 * 2**attempt))
            try:
                response = self._client.post(self._url, json=request)
            except httpx.HTTPError as error:
                problem = f"{type(error).__name__}: is the server up?"
                continue
            if response.status_code in (401, 403):
                raise PolicyError(f"{self._url} refuses the key; set {KEY_VARIABLE}")
            if response.status_code == 429 or response.status_code >= 500:
                problem = f"status {response.status_code}"
                continue
            if response.status_code != 200:
                raise PolicyError(f"{self._url} answered with status {response.status_code}: {response.text[:200]}")
            try:
                answer = response.json()
            except ValueError:
                raise PolicyError(f"{self._url} answered with something else than JSON; is it a proxy?") from None
            if isinstance(answer, dict):
                return answer
            raise PolicyError(f"{self._url} answered without an object; is it a completions server?")
        raise PolicyError(f"{self._url} did not answer in {ATTEMPTS} attempts ({problem})")


def _tokens_of(logprobs: Any) -> tuple[list[str], list[float]]:
    """Tokens and their probabilities.

    Raises: KeyError, TypeError or ValueError if they are not there.
    """
    if "content" in logprobs:
        tokens = [str(item["token"]) for item in logprobs["content"]]
        numbers = [item["logprob"] for item in logprobs["content"]]
    else:
        tokens, numbers = [str(token) for token in logprobs["tokens"]], logprobs["token_logprobs"]
    if not tokens or len(tokens) != len(numbers):
        raise ValueError("no tokens")
    return tokens, [math.exp(min(0.0, float(number))) for number in numbers]
