"""Notebooks end to end: cells are scored with the imports of the cells above them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from lsprotocol import types as lsp

from codeodds.engine.fake import FakeScorer
from codeodds.engine.worker import ScoringWorker
from codeodds.lsp.documents.notebooks import Notebooks
from codeodds.lsp.documents.scheduler import Documents
from tests.lsp.client import FAKE_SERVER, Client, connect

NOTEBOOK = "file:///w/a.ipynb"
CELL = "vscode-notebook-cell:/w/a.ipynb#%s"
IMPORTS = "%matplotlib inline\nimport math\n"
GOOD = "def f(a):\n    b = a + 1\n    return b\n"
BAD = "!pip list\ndef g(a):\n    b = BUG\n    return b\n"
CAPABILITIES = lsp.ClientCapabilities(
    workspace=lsp.WorkspaceClientCapabilities(
        inlay_hint=lsp.InlayHintWorkspaceClientCapabilities(refresh_support=True)
    ),
    notebook_document=lsp.NotebookDocumentClientCapabilities(lsp.NotebookDocumentSyncClientCapabilities()),
)


def uri_of(name: str) -> str:
    return CELL % name


def item(name: str, text: str, language: str = "python") -> lsp.TextDocumentItem:
    return lsp.TextDocumentItem(uri_of(name), language, 1, text)


def cell(name: str, kind: lsp.NotebookCellKind = lsp.NotebookCellKind.Code) -> lsp.NotebookCell:
    return lsp.NotebookCell(kind, uri_of(name))


def open_notebook(client: Client) -> None:
    cells = [cell("text", lsp.NotebookCellKind.Markup), cell("imports"), cell("good"), cell("bad")]
    notebook = lsp.NotebookDocument(NOTEBOOK, "jupyter-notebook", 1, cells)
    texts = [item("imports", IMPORTS), item("good", GOOD), item("bad", BAD)]
    client.rpc.notebook_document_did_open(lsp.DidOpenNotebookDocumentParams(notebook, texts))


def change(client: Client, version: int, **changes: Any) -> None:
    identifier = lsp.VersionedNotebookDocumentIdentifier(version, NOTEBOOK)
    event = lsp.NotebookDocumentChangeEvent(cells=lsp.NotebookDocumentCellChanges(**changes))
    client.rpc.notebook_document_did_change(lsp.DidChangeNotebookDocumentParams(identifier, event))


def typed(name: str, version: int, line: int, character: int, text: str) -> lsp.NotebookDocumentCellContentChanges:
    place = lsp.Position(line, character)
    return lsp.NotebookDocumentCellContentChanges(
        lsp.VersionedTextDocumentIdentifier(version, uri_of(name)),
        [lsp.TextDocumentContentChangePartial(range=lsp.Range(place, place), text=text)],
    )


async def test_cells_are_documents_of_their_own() -> None:
    async with connect(capabilities=CAPABILITIES) as client:
        open_notebook(client)
        (found,) = await client.diagnostics(1, uri_of("bad"))
        assert found.range.start == lsp.Position(2, 4)
        assert [hint.label for hint in await client.hints(uri_of("good"))] == ["90 %"]
        change(client, 2, text_content=[typed("good", 2, 1, 8, "BUG + ")])
        await client.diagnostics(2, uri_of("good"))
        assert [hint.label for hint in await client.hints(uri_of("good"))] == ["30 %"]
        texts = [lsp.TextDocumentIdentifier(uri_of(name)) for name in ("imports", "good", "bad")]
        closing = lsp.DidCloseNotebookDocumentParams(lsp.NotebookDocumentIdentifier(NOTEBOOK), texts)
        client.rpc.notebook_document_did_close(closing)
        await client.until(lambda: sum(not entry.diagnostics for entry in client.published) == 2)
        assert await client.hints(uri_of("good")) == []


async def test_imports_of_the_cells_above_hold_and_only_those() -> None:
    async with connect(*FAKE_SERVER, "--gate", capabilities=CAPABILITIES) as client:
        client.release()
        open_notebook(client)
        await client.until_called(2)
        assert await problems(client) == ["import math\n\n\ndef f(a):\n", "import math\n\n\ndef g(a):\n"]
        array = lsp.NotebookCellArrayChange(2, 1, [])
        change(client, 2, structure=lsp.NotebookDocumentCellChangeStructure(array, did_close=[]))
        array = lsp.NotebookCellArrayChange(3, 0, [cell("good")])
        change(client, 3, structure=lsp.NotebookDocumentCellChangeStructure(array))
        change(client, 4, text_content=[typed("bad", 2, 0, 0, "import sys\n")])
        await client.until_called(4)
        assert sorted((await problems(client))[2:]) == [
            "import math\nimport sys\n\n\ndef f(a):\n",
            "import math\nimport sys\n\n\ndef g(a):\n",
        ]


async def test_cells_come_and_go_and_other_languages_are_passed_over() -> None:
    async with connect(capabilities=CAPABILITIES) as client:
        open_notebook(client)
        await client.diagnostics(1, uri_of("bad"))
        array = lsp.NotebookCellArrayChange(0, 4, [cell("new"), cell("shell"), cell("good")])
        gone = [lsp.TextDocumentIdentifier(uri_of(name)) for name in ("imports", "bad")]
        new = [item("new", BAD), item("shell", BAD, "shellscript")]
        change(client, 2, structure=lsp.NotebookDocumentCellChangeStructure(array, new, gone))
        await client.diagnostics(1, uri_of("new"))
        assert await client.hints(uri_of("bad")) == []
        assert await client.hints(uri_of("shell")) == []
        assert len(await client.hints(uri_of("good"))) == 1


async def test_broken_cells_and_changes_that_make_no_sense_harm_no_other_cell() -> None:
    async with connect(capabilities=CAPABILITIES) as client:
        cells = [cell("half"), cell("missing"), cell("null"), cell("good"), cell("good"), cell("bad")]
        notebook = lsp.NotebookDocument(NOTEBOOK, "jupyter-notebook", 1, cells)
        half = item("half", 'import (\ndef f(:\n    "')
        texts = [half, item("null", "\x00%%%\n!"), item("good", GOOD), item("bad", BAD), item("lost", GOOD)]
        opening = lsp.DidOpenNotebookDocumentParams(notebook, texts)
        client.rpc.notebook_document_did_open(opening)
        assert len(await client.diagnostics(1, uri_of("bad"))) == 1
        array = lsp.NotebookCellArrayChange(90, 7, [cell("nowhere")])
        closed = [lsp.TextDocumentIdentifier(uri_of("never"))]
        change(client, 2, structure=lsp.NotebookDocumentCellChangeStructure(array, did_close=closed))
        change(client, 1, text_content=[typed("never", 1, 0, 0, "x"), typed("half", 0, 99, 99, "BUG")])
        client.rpc.notebook_document_did_open(opening)
        answer = await client.score(uri_of("good"))
    assert [function["probability"] for function in answer["functions"]] == [pytest.approx(0.9)]


async def problems(client: Client) -> list[str]:
    """What was the problem of each run."""
    return list(await client.rpc.protocol.send_request_async("test/problems", None))


def test_a_large_cell_is_read_beside_the_event_loop() -> None:
    """Its imports hold in the cells below once they are found, those of its newest text alone."""

    async def edit_a_large_cell() -> list[str]:
        documents = Documents(ScoringWorker(FakeScorer))
        notebooks = Notebooks(documents)
        large = "import json\n" + "x = 1\n" * 10_000
        cells = [lsp.NotebookCell(lsp.NotebookCellKind.Code, uri) for uri in ("cell:1", "cell:2")]
        texts = [
            lsp.TextDocumentItem(uri, "python", 1, text)
            for uri, text in (("cell:1", large), ("cell:2", "def f(a):\n    return a\n"))
        ]
        notebook = lsp.NotebookDocument("file:///n.ipynb", "jupyter-notebook", 1, cells)
        notebooks.open(lsp.DidOpenNotebookDocumentParams(notebook, texts), lsp.PositionEncodingKind.Utf16)
        seen = [imports_below(documents)]
        span = lsp.Range(lsp.Position(0, 7), lsp.Position(0, 11))
        for name in ("os", "re"):
            content = lsp.NotebookDocumentCellContentChanges(
                lsp.VersionedTextDocumentIdentifier(2, "cell:1"), [lsp.TextDocumentContentChangePartial(span, name)]
            )
            change = lsp.NotebookDocumentChangeEvent(cells=lsp.NotebookDocumentCellChanges(text_content=[content]))
            notebooks.change(
                lsp.DidChangeNotebookDocumentParams(
                    lsp.VersionedNotebookDocumentIdentifier(2, "file:///n.ipynb"), change
                )
            )
            span = lsp.Range(lsp.Position(0, 7), lsp.Position(0, 9))
        while imports_below(documents) == "":
            await asyncio.sleep(0.001)
        seen.append(imports_below(documents))
        documents.shutdown()
        return seen

    assert asyncio.run(edit_a_large_cell()) == ["", "import re\n"]


def imports_below(documents: Documents) -> str:
    below = documents.get("cell:2")
    assert below is not None
    return below.imports
