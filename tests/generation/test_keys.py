"""Keys that a client gave: each for one address, shown nowhere. Pure."""

from __future__ import annotations

import pytest

from codeodds.errors import EndpointError
from codeodds.generation.keys import MAX_KEY_CHARACTERS, Keys
from codeodds.generation.options import EndpointOptions

SECRET = "swordfish"


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://h/v1", SECRET),
        ("https://H:443/other/v1", SECRET),
        ("https://user:password@h", SECRET),
        ("http://h/v1", None),
        ("https://h:8443/v1", None),
        ("https://h.evil/v1", None),
        ("https://evil/h/v1", None),
        ("https://h@evil/v1", None),
        ("https://evil#@h/v1", None),
        ("https://evil\\@x/v1", None),
        ("nowhere", None),
        ("", None),
    ],
)
def test_a_key_is_for_scheme_host_and_port(url: str, wanted: str | None) -> None:
    keys = Keys()
    keys.set("https://h/v1", SECRET)
    assert keys.get(url) == wanted


def test_a_key_is_replaced_and_forgotten() -> None:
    keys = Keys()
    keys.set("http://h:80", "first")
    keys.set("http://h/v1", f" {SECRET}\n")
    assert keys.get("http://h") == SECRET
    keys.set("http://h/", None)
    keys.set("http://other/", None)
    assert keys.get("http://h") is None


@pytest.mark.parametrize("key", ["", " ", "a\nswordfish", "swordfish\x00", "schlüssel", "x" * (MAX_KEY_CHARACTERS + 1)])
def test_what_no_header_can_hold_is_refused_and_not_quoted(key: str) -> None:
    keys = Keys()
    with pytest.raises(EndpointError, match="a key is 1 to 4,096 printable ASCII characters") as caught:
        keys.set("http://h", key)
    assert SECRET not in str(caught.value)
    assert keys.get("http://h") is None


def test_a_url_without_a_server_is_refused() -> None:
    with pytest.raises(EndpointError, match="names no server"):
        Keys().set("nowhere", SECRET)


def test_it_goes_before_the_variable_and_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "other")
    options = EndpointOptions("http://h", given_key=SECRET, key_variable="MY_KEY")
    assert options.key() == SECRET
    assert SECRET not in repr(options)
    keys = Keys()
    keys.set("http://h", SECRET)
    assert SECRET not in repr(keys)
