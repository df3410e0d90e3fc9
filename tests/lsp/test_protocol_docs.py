"""What docs/protocol.md says of `codeodds/score` and `codeodds/rank` is what the server answers."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from codeodds.lsp.features import rank_request, score_request
from codeodds.lsp.protocol import command_names
from codeodds.lsp.protocol.failures import REQUEST_FAILED, SERVER_CANCELLED
from codeodds.lsp.shown import cues, pages
from tests.lsp.client import connect, to_plain

TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


@pytest.fixture(scope="module")
def document(project_root: Path) -> str:
    return (project_root / "docs" / "protocol.md").read_text("utf-8")


@pytest.fixture(scope="module")
def blocks(document: str) -> list[Any]:
    """The page's JSON blocks: for each request parameters, an example of a result, the result's schema."""
    return [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", document, re.MULTILINE | re.DOTALL)]


def check(value: Any, schema: dict[str, Any], place: str = "result") -> None:
    """A small part of JSON schema: types, and that exactly the described members are there."""
    if "type" in schema:
        named = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        assert any(isinstance(value, TYPES[name]) for name in named), place
    if isinstance(value, dict) and "properties" in schema:
        assert value.keys() == schema["properties"].keys(), place
        assert set(schema.get("required", value)) == value.keys(), place
        for name, member in value.items():
            check(member, schema["properties"][name], f"{place}.{name}")
    if isinstance(value, list):
        for member in value:
            check(member, schema["items"], f"{place}[]")
    if isinstance(value, float) and "exclusiveMinimum" in schema:
        assert schema["exclusiveMinimum"] < value < schema["exclusiveMaximum"], place


def test_the_example_has_the_shape_of_the_schema(blocks: list[Any]) -> None:
    _, example, schema = blocks[:3]
    check(example, schema)


async def test_an_answer_has_the_shape_of_the_schema(blocks: list[Any]) -> None:
    _, example, schema = blocks[:3]
    async with connect(options={"enable": False}) as client:
        client.open("")
        nothing = await client.score()
        body = "    b = BUG\n    def g(c):\n        return b + c\n    return g\n"
        client.replace(f"def f(a):\n{body}\n\ndef stub(a):\n    ...\n", 2)
        something = await client.score()
    assert (nothing["model"], nothing["functions"]) == (None, [])
    assert [bool(function["lines"]) for function in something["functions"]] == [True, True, False]
    check(nothing, schema)
    check(something, schema)
    spans = [function["range"] for function in [*something["functions"], *example["functions"]]]
    assert all(span.keys() == {"start", "end"} for span in spans)
    assert all(place.keys() == {"line", "character"} for span in spans for place in span.values())


async def test_the_parameters_of_the_page_are_accepted(blocks: list[Any]) -> None:
    parameters = blocks[0]
    async with connect(options={"enable": False}) as client:
        uri = parameters["textDocument"]["uri"]
        client.open("\n" * 5 + "def f(a):\n    b = a\n    return b\n", uri=uri)
        answer = await client.score(uri, position=parameters["position"])
    assert [function["name"] for function in answer["functions"]] == ["f"]


async def test_a_ranking_has_the_shape_of_the_schema(blocks: list[Any]) -> None:
    parameters, example, schema = blocks[3:6]
    check(example, schema)
    async with connect(options={"enable": False}) as client:
        uri = parameters["textDocument"]["uri"]
        client.open("def f(a):\n    b = a\n    \n", uri=uri)
        future = client.rpc.protocol.send_request_async(
            "codeodds/rank", {**parameters, "candidates": ["return b", "("]}
        )
        answer = to_plain(await future)
    assert answer["order"] == [0, 1]
    check(answer, schema)


def test_the_page_names_the_methods_the_commands_and_the_codes(document: str) -> None:
    named = set(re.findall(r"`([^`\n]+)`", document))
    commands = {value for name, value in vars(command_names).items() if name.isupper()}
    codes = {str(REQUEST_FAILED), str(SERVER_CANCELLED), "-32602"}
    assert {
        score_request.METHOD,
        rank_request.METHOD,
        cues.LOW_PROBABILITY,
        cues.SHARP_DROP,
    } | codes | commands <= named


def test_the_pages_that_a_client_can_open_are_packaged(project_root: Path) -> None:
    project = tomllib.loads((project_root / "pyproject.toml").read_text("utf-8"))
    packaged = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert packaged == {f"docs/{name}": f"codeodds/docs/{name}" for name in (pages.CODES, pages.SETTINGS)}
    assert [pages.page_uri(name) for name in (pages.CODES, pages.SETTINGS, "none.md")] == [
        (project_root / "docs" / pages.CODES).as_uri(),
        (project_root / "docs" / pages.SETTINGS).as_uri(),
        None,
    ]


def test_every_code_has_a_heading_that_its_description_links_to(project_root: Path) -> None:
    page = (project_root / "docs" / "codes.md").read_text("utf-8")
    assert re.findall(r"^## (CO\d+)$", page, re.MULTILINE) == [cues.LOW_PROBABILITY, cues.SHARP_DROP]
