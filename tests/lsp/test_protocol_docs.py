"""What docs/protocol.md says of scores, rankings and alternatives is what the server answers."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from codeodds.lsp import server
from codeodds.lsp.features import commands, rank_request, score_request
from codeodds.lsp.protocol import capabilities
from codeodds.lsp.protocol.extensions import REQUEST_FAILED, SERVER_CANCELLED
from codeodds.lsp.shown import cues
from tests.lsp.client import URI, connect, to_plain

TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}

Shapes = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def document(project_root: Path) -> str:
    return (project_root / "docs" / "protocol.md").read_text("utf-8")


@pytest.fixture(scope="module")
def blocks(document: str) -> list[Any]:
    """The page's JSON blocks: for each request its parameters, and an example of a result."""
    return [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", document, re.MULTILINE | re.DOTALL)]


@pytest.fixture(scope="module")
def shapes(document: str) -> Shapes:
    """The page's tables of types: name of the type → name of a member → its type."""
    tables = re.findall(r"^\| `(\w+)` \| type \| meaning \|\n\|---\|---\|---\|\n((?:\|.*\n)+)", document, re.MULTILINE)
    found = {name: dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", rows, re.MULTILINE)) for name, rows in tables}
    found["Alternative"] = found["Candidate"] | found["Alternative"]
    return found


def check(value: Any, kind: str, shapes: Shapes, place: str = "result") -> None:
    """That a value has the type of that name, and exactly the members that the page describes."""
    alternatives = kind.split(" or ")
    if value is None:
        assert "null" in alternatives, place
        return
    (kind,) = set(alternatives) - {"null"}
    if kind.startswith("list of "):
        assert isinstance(value, list), place
        for member in value:
            check(member, kind.removeprefix("list of "), shapes, f"{place}[]")
    elif kind in shapes:
        assert value.keys() == shapes[kind].keys(), place
        for name, member in value.items():
            check(member, shapes[kind][name], shapes, f"{place}.{name}")
    elif kind == "range":
        assert value.keys() == {"start", "end"}, place
        assert all(position.keys() == {"line", "character"} for position in value.values()), place
    elif kind == "probability":
        assert 0 < value < 1, place
    else:
        assert isinstance(value, TYPES[kind]), place


def test_the_examples_have_the_shapes_of_the_tables(blocks: list[Any], shapes: Shapes) -> None:
    _, scores, _, ranking = blocks[:4]
    check(scores, "Scores", shapes)
    check(ranking, "Ranking", shapes)


async def test_scores_have_the_shape_of_the_table(shapes: Shapes) -> None:
    async with connect(options={"enable": False}) as client:
        client.open("")
        nothing = await client.score()
        body = "    b = BUG\n    def g(c):\n        return b + c\n    return g\n"
        client.replace(f"def f(a):\n{body}\n\ndef stub(a):\n    ...\n", 2)
        something = await client.score()
    assert (nothing["model"], nothing["functions"]) == (None, [])
    assert [bool(function["lines"]) for function in something["functions"]] == [True, True, False]
    check(nothing, "Scores", shapes)
    check(something, "Scores", shapes)


async def test_the_parameters_of_the_page_are_accepted(blocks: list[Any]) -> None:
    parameters = blocks[0]
    async with connect(options={"enable": False}) as client:
        uri = parameters["textDocument"]["uri"]
        client.open("\n" * 5 + "def f(a):\n    b = a\n    return b\n", uri=uri)
        answer = await client.score(uri, position=parameters["position"])
    assert [function["name"] for function in answer["functions"]] == ["f"]


async def test_a_ranking_has_the_shape_of_the_table(blocks: list[Any], shapes: Shapes) -> None:
    parameters = blocks[2]
    async with connect(options={"enable": False}) as client:
        uri = parameters["textDocument"]["uri"]
        client.open("def f(a):\n    b = a\n    \n", uri=uri)
        future = client.rpc.protocol.send_request_async(
            "codeodds/rank", {**parameters, "candidates": ["return b", "("]}
        )
        answer = to_plain(await future)
    assert answer["order"] == [0, 1]
    check(answer, "Ranking", shapes)


async def test_alternatives_have_the_shape_of_the_table(shapes: Shapes) -> None:
    async with connect(options={"enable": False}) as client:
        client.open("def f(a):\n    b = BUG\n    return b\n")
        argument = {"uri": URI, "position": {"line": 1, "character": 0}, "bodies": ["return a\n", "return (\n"]}
        answer = await client.command(capabilities.RANK_ALTERNATIVES, argument)
    assert [item["index"] for item in answer["alternatives"]] == [0, 1]
    check(answer, "Alternatives", shapes)


def test_the_page_names_the_methods_the_commands_and_the_codes(document: str) -> None:
    named = set(re.findall(r"`([^`\n]+)`", document))
    commands = {value for name, value in vars(capabilities).items() if name.isupper()}
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
    assert packaged == {f"docs/{name}": f"codeodds/docs/{name}" for name in (cues.CODES, commands.SETTINGS)}
    assert [server.page_uri(name) for name in (cues.CODES, commands.SETTINGS, "none.md")] == [
        (project_root / "docs" / cues.CODES).as_uri(),
        (project_root / "docs" / commands.SETTINGS).as_uri(),
        None,
    ]


def test_every_code_has_a_heading_that_its_description_links_to(project_root: Path) -> None:
    page = (project_root / "docs" / "codes.md").read_text("utf-8")
    assert re.findall(r"^## (CO\d+)$", page, re.MULTILINE) == [
        cues.LOW_PROBABILITY,
        cues.SHARP_DROP,
        cues.MORE_LIKELY,
    ]
