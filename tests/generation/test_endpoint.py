"""The client against a double on 127.0.0.1: one request or several, streams, errors, cancellation."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from codeodds.errors import EndpointError
from codeodds.generation.endpoint import Endpoint
from codeodds.generation.options import EndpointOptions
from codeodds.generation.samples import Samples
from tests.generation.double import Handler, event, hangs_after, one_by_one, play, says, streams

pytestmark = pytest.mark.loopback

PROMPT = "def f(a):\n"


async def ask(url: str, **options: Any) -> list[str]:
    endpoint, samples = Endpoint(), Samples()
    try:
        await endpoint.fill(EndpointOptions(url, **options), PROMPT, samples)
    finally:
        await endpoint.close()
    return [sample.text for sample in samples]


async def test_several_samples_come_from_one_request() -> None:
    async with play(streams("    return a\n", "    return é\n", "    return 3\n")) as double:
        texts = await ask(double.url, model="coder", temperature=0.5, max_tokens=50)
    assert texts == ["    return a\n", "    return é\n", "    return 3\n"]
    (request,) = double.requests
    assert double.paths == ["/v1/completions"]
    assert {key: request[key] for key in ("prompt", "model", "n", "temperature", "max_tokens", "stream")} == {
        "prompt": PROMPT,
        "model": "coder",
        "n": 3,
        "temperature": 0.5,
        "max_tokens": 50,
        "stream": True,
    }
    assert len(request["stop"]) == 4
    assert "authorization" not in double.headers[0]


async def test_a_server_that_gives_one_is_asked_again_and_remembered() -> None:
    endpoint = Endpoint()
    async with play(one_by_one("a", "b", "c", "d", "e", "f")) as double:
        options = EndpointOptions(double.url, samples=3)
        for wanted in ({"a", "b", "c"}, {"d", "e", "f"}):
            samples = Samples()
            await endpoint.fill(options, PROMPT, samples)
            assert {sample.text for sample in samples} == wanted
        await endpoint.close()
    assert [request.get("n") for request in double.requests] == [3, None, None, None, None, None]


async def test_an_empty_answer_does_not_tell_how_many_a_server_gives() -> None:
    endpoint = Endpoint()
    give, nothing = streams("a", "b"), says(b'{"choices": []}')
    answers = [nothing, nothing, nothing, give]

    async def handle(double: Any, body: dict[str, Any], writer: Any) -> None:
        await answers.pop(0)(double, body, writer)

    async with play(handle) as double:
        options = EndpointOptions(double.url, samples=2)
        found = []
        for _ in range(2):
            samples = Samples()
            await endpoint.fill(options, PROMPT, samples)
            found.append([sample.text for sample in samples])
        await endpoint.close()
    assert found == [[], ["a", "b"]]
    assert [request.get("n") for request in double.requests] == [2, None, None, 2]


async def test_a_server_that_refuses_several_is_asked_for_one_at_a_time() -> None:
    give = streams("    return a\n")
    refuse = says(b"{}", 400)

    async def handle(double: Any, body: dict[str, Any], writer: Any) -> None:
        await (refuse if "n" in body else give)(double, body, writer)

    async with play(handle) as double:
        assert await ask(double.url, samples=2) == ["    return a\n"] * 2


async def test_the_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    async with play(streams("x")) as double:
        with pytest.raises(EndpointError, match=r"the environment variable MY_KEY, .* holds no key"):
            await ask(double.url, key_variable="MY_KEY")
        monkeypatch.setenv("MY_KEY", "bad\nkey")
        with pytest.raises(EndpointError, match="holds no key"):
            await ask(double.url, key_variable="MY_KEY")
        assert double.requests == []
        monkeypatch.setenv("MY_KEY", "swordfish")
        assert await ask(double.url, key_variable="MY_KEY", samples=1) == ["x"]
    assert double.headers[0]["authorization"] == "Bearer swordfish"


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (says(b"<html>Log in</html>", kind="text/html"), "answered with a web page; is a proxy"),
        (says(b"hello"), "something else than OpenAI's completions protocol"),
        (says(b""), "gave an empty answer"),
        (says(b'{"error": "x"}'), "reported an error"),
        (says(b"{}", 401), r"refuses the key \(status 401\); see that completions_key_variable names"),
        (says(b"{}", 403), "refuses the key"),
        (says(b"{}", 404), "knows no such model"),
        (says(b"{}", 400), "refuses the request"),
        (
            says(b"", 302, more="Location: http://192.0.2.1/\r\n"),
            "redirects elsewhere .status 302., which is not followed",
        ),
        (says(b"<html>", 503), "answered with status 503"),
        (says(b"", more="Content-Length: 99\r\n"), "broke the connection off"),
    ],
)
async def test_what_goes_wrong_is_one_sentence(handler: Handler, message: str) -> None:
    async with play(handler) as double:
        with pytest.raises(EndpointError, match=message) as caught:
            await ask(double.url)
    assert str(caught.value).startswith(f"the completions endpoint http://127.0.0.1:{double.port} ")


async def test_a_wrong_key_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "swordfish")
    async with play(says(b"{}", 401)) as double:
        with pytest.raises(EndpointError, match="see that the environment variable MY_KEY holds a key") as caught:
            await ask(double.url, key_variable="MY_KEY")
    assert "swordfish" not in str(caught.value)


async def test_a_server_that_is_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(EndpointError, match=f"127.0.0.1:{port} can't be reached; start it, or correct"):
        await ask(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("url", ["", "localhost:8080", "ftp://127.0.0.1", "http://", "http://[", "http://h:port"])
async def test_a_url_that_names_no_server(url: str) -> None:
    with pytest.raises(EndpointError, match="completions_url names no server"):
        await ask(url)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("http://h", "http://h/v1/completions"),
        ("http://h/v1/", "http://h/v1/completions"),
        ("http://h/api/v1/completions", "http://h/api/v1/completions"),
    ],
)
def test_where_to_post(url: str, wanted: str) -> None:
    assert EndpointOptions(url).completions_url == wanted


def test_an_address_holds_no_password() -> None:
    assert EndpointOptions("https://user:swordfish@h:8/v1?key=x").address == "https://h:8"


async def test_what_came_before_it_is_cancelled_is_there_and_the_connection_is_closed() -> None:
    endpoint, samples = Endpoint(), Samples()
    async with play(hangs_after(event("    return a\n    b = "), event("x", 1))) as double:
        asked = asyncio.ensure_future(endpoint.fill(EndpointOptions(double.url), PROMPT, samples))
        async with asyncio.timeout(30):
            while len(samples) < 2:
                await asyncio.sleep(0.005)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        await double.until(lambda: double.broken_off == 1)
        await endpoint.close()
    assert [(sample.text, sample.finished) for sample in samples] == [("    return a\n    b = ", False), ("x", False)]


async def test_nobody_waits_for_what_would_be_thrown_away() -> None:
    endpoint, samples = Endpoint(), Samples(lambda text: text.endswith("\nx"))
    async with play(hangs_after(event("a\nx"), event("b", 1), event("\nx", 1))) as double:
        await endpoint.fill(EndpointOptions(double.url, samples=2), PROMPT, samples)
        await double.until(lambda: double.broken_off == 1)
        await endpoint.close()
    assert [sample.text for sample in samples] == ["a\nx", "b\nx"]
    assert len(double.requests) == 1


async def test_a_given_key_goes_before_the_variable_and_a_wrong_one_is_named_without_it() -> None:
    async with play(streams("x")) as double:
        assert await ask(double.url, samples=1, given_key="swordfish", key_variable="NOT_SET") == ["x"]
        double.handler = says(b"swordfish", 401)
        with pytest.raises(
            EndpointError, match=r"refuses the key .status 401.; see that the one that was set"
        ) as caught:
            await ask(double.url, samples=1, given_key="swordfish")
    assert double.headers[0]["authorization"] == "Bearer swordfish"
    assert "swordfish" not in str(caught.value)


async def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://192.0.2.1:9")
    async with play(streams("x")) as double:
        assert await ask(double.url, samples=1) == ["x"]


async def test_text_that_utf8_can_not_hold_is_replaced() -> None:
    endpoint, samples = Endpoint(), Samples()
    async with play(streams("x")) as double:
        await endpoint.fill(EndpointOptions(double.url, samples=1), "'\ud800'", samples)
        await endpoint.close()
    assert double.requests[0]["prompt"] == "'?'"
