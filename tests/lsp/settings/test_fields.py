"""Settings: each value is checked by itself; the page lists exactly what there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.lsp.settings.fields import FOR_CLIENTS, Settings, parse_settings
from codeodds.lsp.settings.page import field_docstrings, page

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = list(FOR_CLIENTS)
LIMITS = [field.name for field in msgspec.structs.fields(Settings) if field.name not in FOR_CLIENTS]


@pytest.fixture(autouse=True)
def limits_can_be_set() -> None:
    """Here they cannot, as for any client."""


def test_the_page_is_what_the_generator_prints(project_root: Path) -> None:
    written = (project_root / "docs" / "settings.md").read_text("utf-8")
    assert written == page(), "run `python -m codeodds.lsp.settings.page > docs/settings.md`"


def test_every_setting_has_a_docstring_and_a_row() -> None:
    assert list(field_docstrings(Settings)) == NAMES + LIMITS
    assert len(NAMES) <= 16
    assert [line.split("`")[1] for line in page().splitlines() if line.startswith("| `")] == NAMES


def test_nothing_given_means_the_defaults() -> None:
    assert parse_settings(None) == (Settings(), [])
    assert parse_settings({}) == (Settings(), [])
    assert parse_settings({"codeodds": None}) == (Settings(), [])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"threshold": 1}, Settings(threshold=1.0)),
        ({"threshold": None}, Settings()),
        ({"codeodds": {"severity": "warning"}}, Settings(severity="warning")),
        ({"exclude": ["a", "b/**"]}, Settings(exclude=("a", "b/**"))),
        ({"of another version": 1}, Settings()),
        (dict.fromkeys(LIMITS, 1), Settings()),
    ],
)
def test_what_is_given_is_taken(given: Any, expected: Settings) -> None:
    assert parse_settings(given) == (expected, [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("severity", "error"),
        ("severity", 3),
        ("exclude", "tests"),
        ("exclude", [""]),
        ("exclude", [1]),
        ("threads", 0),
        ("threads", 65),
        ("threads", 1.5),
        ("threshold", -1),
        ("model", None),
        ("code_lens", 1),
        ("threads", "\ud800"),
    ],
)
def test_a_wrong_value_is_named_with_the_default_that_is_used(name: str, value: Any) -> None:
    settings, (problem,) = parse_settings({name: value, "hover": False})
    assert settings == Settings(hover=False)
    assert f"codeodds.{name} cannot be" in problem
    assert f"default {msgspec.json.encode(getattr(Settings(), name)).decode()} is used" in problem


@given(st.dictionaries(st.sampled_from(NAMES), JSON))
def test_whatever_a_client_sends_becomes_settings(sent: dict[str, Any]) -> None:
    settings, problems = parse_settings(sent)
    rejected = [name for name in sent if any(f".{name} " in problem for problem in problems)]
    assert len(problems) == len(rejected)
    for name in NAMES:
        if name not in sent or name in rejected:
            assert getattr(settings, name) == getattr(Settings(), name)
    assert msgspec.convert(msgspec.to_builtins(settings), Settings) == settings
