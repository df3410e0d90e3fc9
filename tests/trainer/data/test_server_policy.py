"""The policy behind an OpenAI-compatible server, against a double that speaks the recorded protocol.

The answers have the shape of real ones: llama-cpp-python 0.3.36 serving a GGUF model (lists of tokens), and the list of
objects that llama.cpp's own server gives. No model runs here.
"""

from __future__ import annotations

import json
import math
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from codeodds_trainer.data.problems.problem import Problem
from codeodds_trainer.data.rollouts import server as server_module
from codeodds_trainer.data.rollouts.sample import sample_batch
from codeodds_trainer.data.rollouts.scheme import Sampling
from codeodds_trainer.data.rollouts.server import KEY_VARIABLE, ServerPolicy
from codeodds_trainer.ground.errors import PolicyError

TOKENS = ["    return", " a", " +", " b", "\n", "print", "(1)"]
LOGPROBS = [-0.1, -0.5, -2.0, -0.2, -0.01, -3.0, -0.5]


def lists(tokens, numbers):
    return {"text_offset": [0] * len(tokens), "token_logprobs": numbers, "tokens": tokens, "top_logprobs": None}


def objects(tokens, numbers):
    return {"content": [{"token": t, "logprob": n, "top_logprobs": []} for t, n in zip(tokens, numbers, strict=True)]}


class Double:
    """A recorded protocol: what it was asked, and what it answers."""

    def __init__(self, style=lists, choices_at_once=99, failures=()):
        self.requests = []
        self.keys = []
        self.style = style
        self.choices_at_once = choices_at_once
        self.failures = list(failures)
        double = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                double.requests.append((self.path, request))
                double.keys.append(self.headers.get("Authorization"))
                status, body = double.answer(request)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def answer(self, request):
        if self.failures:
            return self.failures.pop(0)
        choice = {"text": "".join(TOKENS), "index": 0, "finish_reason": "stop", "logprobs": None}
        if "logprobs" in request:
            choice["logprobs"] = self.style(TOKENS, LOGPROBS)
        count = min(request["n"], self.choices_at_once)
        return 200, json.dumps({"object": "text_completion", "choices": [choice] * count}).encode()


@pytest.fixture
def double(request, monkeypatch):
    monkeypatch.setattr(server_module.time, "sleep", lambda _: None)
    made = Double(**getattr(request, "param", {}))
    yield made
    made.http.shutdown()


PROBLEM = Problem(problem_id="toy/1", prompt="def add(a, b):\n", tests=["assert add(1, 2) == 3"])
SAMPLING = Sampling(forking_tokens=2, rollouts_per_fork=3, temperature=0.8, min_p=0.05, max_tokens=50)


@pytest.mark.parametrize("double", [{"style": lists}, {"style": objects}, {"choices_at_once": 1}], indirect=True)
def test_forks_are_asked_for_by_their_text(double):
    (row,) = sample_batch([PROBLEM], ServerPolicy(double.address, "model"), SAMPLING)
    main, *forked = row.rollouts
    assert main.completion == "    return a + b\n"
    assert main.finish == "end of function"
    assert [(rollout.fork_index, rollout.fork) for rollout in forked[::3]] == [(1, "    return"), (2, "    return a")]
    assert [rollout.fork_prob for rollout in forked[::3]] == pytest.approx([math.exp(-0.5), math.exp(-2)], abs=1e-6)
    assert len(forked) == 6
    assert all(rollout.completion.startswith(rollout.fork) for rollout in forked)
    paths, requests = zip(*double.requests, strict=True)
    assert set(paths) == {"/v1/completions"}
    assert {request["prompt"] for request in requests[1:]} == {
        "def add(a, b):\n    return",
        "def add(a, b):\n    return a",
    }
    first = requests[0]
    assert (first["logprobs"], first["temperature"], first["min_p"], first["max_tokens"]) == (1, 0.8, 0.05, 50)
    assert all("logprobs" not in request for request in requests[1:])
    assert len({request["seed"] for request in requests}) == len(requests)


def test_independent_sampling_needs_no_probabilities(double):
    sampling = Sampling(main_rollouts=4, forking_tokens=0)
    (row,) = sample_batch([PROBLEM], ServerPolicy(double.address + "/v1/", "model"), sampling)
    assert len(row.rollouts) == 4
    assert [request["n"] for _, request in double.requests] == [4]


def test_a_busy_server_is_asked_again(double):
    double.failures = [(503, b""), (429, b"")]
    (row,) = sample_batch([PROBLEM], ServerPolicy(double.address, "model"), SAMPLING)
    assert len(row.rollouts) == 7


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((401, b""), f"refuses the key; set {KEY_VARIABLE}"),
        ((404, b"no such model"), "status 404: no such model"),
        ((200, b"<html>proxy</html>"), "something else than JSON; is it a proxy?"),
        ((200, b"[]"), "answered without an object"),
        ((200, b"{}"), "answered without `choices`"),
        ((200, b'{"choices": [{"finish_reason": "stop"}]}'), "gave no log-probabilities"),
        ((200, b'{"choices": [{"text": "x", "logprobs": null}]}'), "sample independently with --forking-tokens 0"),
        ((500, b""), "did not answer in 5 attempts (status 500)"),
    ],
)
def test_what_a_server_may_answer_is_one_clear_error(double, answer, message):
    double.failures = [answer] * 5
    with pytest.raises(PolicyError) as caught:
        list(sample_batch([PROBLEM], ServerPolicy(double.address, "model"), SAMPLING))
    assert message in str(caught.value)


def test_no_server(monkeypatch):
    monkeypatch.setattr(server_module.time, "sleep", lambda _: None)
    with pytest.raises(PolicyError, match="is the server up"):
        list(sample_batch([PROBLEM], ServerPolicy("http://127.0.0.1:9", "model"), SAMPLING))


def test_the_key_comes_from_the_environment(double, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "secret")
    list(sample_batch([PROBLEM], ServerPolicy(double.address, "model"), Sampling(forking_tokens=0)))
    assert double.keys == ["Bearer secret"]
