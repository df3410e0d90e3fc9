"""Functions within functions end to end: named, read from the values of the outer one, never scored twice."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lsp import recorded
from tests.lsp.client import FAKE_SERVER, URI, connect
from tests.lsp.features.test_scores import WANTS

TEXT = (
    "def outer(a):\n    b = a + 1\n\n"
    "    def inner(c):\n        d = c\n        e = BUG\n        return d + e\n\n"
    "    def stub(c):\n        ...\n\n"
    "    return inner(b)\n\n\n"
    "def other(a):\n    return a + 1\n"
)
INNER = "outer.<locals>.inner"


def at(line: int) -> dict[str, Any]:
    return {"uri": URI, "position": {"line": line, "character": 0}}


async def test_they_are_listed_behind_the_function_around_them_and_score_nothing_by_themselves() -> None:
    async with connect(*FAKE_SERVER, "--gate", options={"enable": False}) as client:
        client.release()
        client.open(TEXT)
        functions = (await client.score())["functions"]
        assert len(await client.calls()) == 2
        again = await client.score(position={"line": 5, "character": 0})
        assert len(await client.calls()) == 2
    assert [(item["name"], item["within"]) for item in functions] == [
        ("outer", None),
        (INNER, "outer"),
        ("outer.<locals>.stub", "outer"),
        ("other", None),
    ]
    inner = functions[1]
    assert inner["range"] == {"start": {"line": 3, "character": 0}, "end": {"line": 6, "character": 20}}
    assert inner["probability"] == pytest.approx(0.3)
    assert [(line["line"], line["probability"]) for line in inner["lines"]] == [
        (4, pytest.approx(0.9)),
        (5, pytest.approx(0.3)),
        (6, pytest.approx(0.3)),
    ]
    assert inner["lines"][1]["drop"] == pytest.approx(0.6)
    assert inner["lines"][2]["fraction"] == pytest.approx(20 / 21, abs=1e-6)
    assert (functions[2]["probability"], functions[2]["reason"]) == (None, "it is a stub")
    assert again["functions"] == [inner]


async def test_a_position_means_the_innermost_function_and_a_range_all_that_it_touches() -> None:
    async with connect(options={"enable": False}) as client:
        client.open(TEXT)
        named = {
            line: [item["name"] for item in (await client.command("codeodds.scoreFunction", at(line)))["functions"]]
            for line in (0, 2, 3, 6, 7, 9, 11, 12, 14)
        }
        span = {"start": {"line": 6, "character": 0}, "end": {"line": 7, "character": 0}}
        touched = (await client.command("codeodds.scoreSelection", {"uri": URI, "range": span}))["functions"]
        explained = await client.command("codeodds.explain", at(4))
    assert named == {
        0: ["outer"],
        2: ["outer"],
        3: [INNER],
        6: [INNER],
        7: ["outer"],
        9: ["outer.<locals>.stub"],
        11: ["outer"],
        12: [],
        14: ["other"],
    }
    assert [item["name"] for item in touched] == ["outer", INNER]
    assert explained["text"] == (
        f"30 % likely to be right as written: {INNER}\n\n"
        "The model's estimate of the chance that this function does what its signature and docstring say. "
        "It is no verdict.\n\n"
        "█▃▃ from line 5 to line 7\n\n"
        "It falls most at\n- line 6: 0.90 → 0.30\n\n"
        "fake 1. Read within outer; what such a reading is worth was not measured."
    )


async def test_a_hover_on_the_signature_explains_it_and_the_line_that_falls_names_it() -> None:
    async with connect(capabilities=recorded.vscode()) as client:
        client.open(TEXT)
        found = (await client.pull()).items
        hovers = [await client.hover(line) for line in range(12)]
        hints = await client.hints()
    assert [line for line, text in enumerate(hovers) if text is not None] == [0, 3, 5, 8]
    assert str(hovers[3]).startswith(f"**30 %** likely to be right as written: `{INNER}`\n\n")
    assert hovers[5] == (
        "Over this line the estimate that the function is right falls most: 0.90 → 0.30. At its end it is 30 % "
        f"(fake 1). {INNER} by itself: 30 %, by the same values."
    )
    assert hovers[8] == "`outer.<locals>.stub` is not scored: it is a stub."
    # What is pointed at stays few: the outer function's places.
    assert [(item.range.start.line, item.code) for item in found] == [(5, "CO002")]
    assert [(hint.position.line, hint.label) for hint in hints] == [(0, "30 %"), (14, "90 %")]


async def test_a_comment_keeps_one_from_being_explained() -> None:
    async with connect() as client:
        client.open(TEXT.replace("inner(c):", "inner(c):  # codeodds: ignore"))
        await client.diagnostics(1)
        assert await client.hover(3) is None
        assert await client.hover(5) is None
        assert await client.hover(0) is not None


@pytest.mark.parametrize(
    ("body", "reasons"),
    [
        ("        c\n", [None, "too short: 3 tokens, 4 are needed"]),
        (
            "        return [" + "1, " * 1000 + "1]\n",
            ["the unit has", "the function around it is not scored: the unit"],
        ),
    ],
    ids=["short", "long"],
)
async def test_each_has_its_own_reason(body: str, reasons: list[str | None]) -> None:
    text = f"def outer(a):\n    b = a + 1\n\n    def inner(c):\n{body}\n    return inner(b)\n"
    async with connect(options={"enable": False}) as client:
        client.open(text)
        functions = (await client.score())["functions"]
    assert [item["name"] for item in functions] == ["outer", INNER]
    for item, reason in zip(functions, reasons, strict=True):
        assert (item["reason"] or "").startswith(reason or "")
        assert (item["probability"] is None) == (reason is not None)


async def test_the_notification_has_them_too() -> None:
    async with connect(capabilities=WANTS) as client:
        client.open(TEXT)
        await client.until(lambda: client.told and client.told[-1]["complete"])
    assert [(item["name"], item["within"], item["probability"] is None) for item in client.told[-1]["functions"]] == [
        ("outer", None, False),
        (INNER, "outer", False),
        ("outer.<locals>.stub", "outer", True),
        ("other", None, False),
    ]


async def test_typing_in_a_nested_function_moves_its_reading_only_with_a_new_score() -> None:
    async with connect(*FAKE_SERVER, "--gate") as client:
        client.release()
        client.open(TEXT)
        await client.diagnostics(1)
        client.replace(TEXT.replace("e = BUG", "e = c"), 2)
        await client.diagnostics(2)
        answer = await client.score(position={"line": 4, "character": 0})
        assert len(await client.calls()) == 3
    (inner,) = answer["functions"]
    assert (inner["name"], inner["probability"]) == (INNER, pytest.approx(0.9))
