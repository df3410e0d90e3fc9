"""Open notebooks. Each Python cell is a document of its own, in which the imports of the earlier cells hold."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from lsprotocol import types as lsp

from codeodds.lsp.documents.document import says_python
from codeodds.lsp.documents.scheduler import PARSE_AT_ONCE, Documents
from codeodds.lsp.documents.text import Encoding, Text, changed_line
from codeodds.source.cells import as_python
from codeodds.source.functions import find_imports


@dataclass(slots=True)
class _Cell:
    version: int
    text: Text
    """As the client has it."""
    imports: str = ""
    """Until those of this version are found, those of the one before."""
    source: str = field(init=False)
    """As Python has it: as many lines, and as many characters in each."""

    def __post_init__(self) -> None:
        self.source = as_python(str(self.text))


@dataclass(slots=True)
class _Notebook:
    encoding: Encoding
    order: list[str]
    """URIs of all cells, those that hold no Python included."""
    cells: dict[str, _Cell] = field(default_factory=dict)
    """The Python cells."""


class Notebooks:
    """Keeps the cells of notebooks in order, and tells the documents what became of each."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._notebooks: dict[str, _Notebook] = {}
        self._searches: set[asyncio.Task[None]] = set()

    def open(self, params: lsp.DidOpenNotebookDocumentParams, encoding: Encoding) -> None:
        """A notebook was opened with its cells. `encoding`: how the client counts characters."""
        notebook = _Notebook(encoding, [cell.document for cell in params.notebook_document.cells])
        self._notebooks[params.notebook_document.uri] = notebook
        self._add(notebook, params.cell_text_documents)
        self._pass_on(notebook)

    def change(self, params: lsp.DidChangeNotebookDocumentParams) -> None:
        """Cells came, went, moved or were edited. A notebook that is not open is passed over."""
        notebook = self._notebooks.get(params.notebook_document.uri)
        changes = params.change.cells
        if notebook is None or changes is None:
            return
        if changes.structure is not None:
            array = changes.structure.array
            notebook.order[array.start : array.start + array.delete_count] = [
                cell.document for cell in array.cells or ()
            ]
            for closed in changes.structure.did_close or ():
                self._remove(notebook, closed.uri)
            self._add(notebook, changes.structure.did_open or ())
        edited: dict[str, int | None] = {}
        for content in changes.text_content or ():
            cell = notebook.cells.get(content.document.uri)
            if cell is not None:
                text = cell.text.edited(content.changes)
                self._put(notebook, content.document.uri, _Cell(content.document.version, text, cell.imports))
                edited[content.document.uri] = changed_line(content.changes)
        self._pass_on(notebook, edited)

    def close(self, params: lsp.DidCloseNotebookDocumentParams) -> None:
        """A notebook was closed; its cells with it."""
        notebook = self._notebooks.pop(params.notebook_document.uri, None)
        if notebook is not None:
            for uri in list(notebook.cells):
                self._remove(notebook, uri)

    def _add(self, notebook: _Notebook, items: Iterable[lsp.TextDocumentItem]) -> None:
        for item in items:
            if says_python(item.language_id):
                self._put(notebook, item.uri, _Cell(item.version, Text(item.text, notebook.encoding)))

    def _put(self, notebook: _Notebook, uri: str, cell: _Cell) -> None:
        notebook.cells[uri] = cell
        if len(cell.text) <= PARSE_AT_ONCE:
            cell.imports = find_imports(cell.source)
        else:
            search = asyncio.get_running_loop().create_task(self._find_imports(notebook, uri, cell))
            self._searches.add(search)
            search.add_done_callback(self._searches.discard)

    async def _find_imports(self, notebook: _Notebook, uri: str, cell: _Cell) -> None:
        """Those of a large cell, which takes a while. The cells below are told if they are others."""
        found = await asyncio.to_thread(find_imports, cell.source)
        if notebook.cells.get(uri) is cell and cell.imports != found:
            cell.imports = found
            self._pass_on(notebook)

    def _remove(self, notebook: _Notebook, uri: str) -> None:
        if notebook.cells.pop(uri, None) is not None:
            self._documents.close(uri)

    def _pass_on(self, notebook: _Notebook, edited: dict[str, int | None] | None = None) -> None:
        """Update the documents whose text changed, or above which an import changed."""
        edited = edited or {}
        imports = ""
        for uri in notebook.order:
            cell = notebook.cells.get(uri)
            if cell is None:
                continue
            known = self._documents.get(uri)
            if known is None or known.text != cell.source or known.imports != imports or uri in edited:
                self._documents.update(
                    uri,
                    cell.version,
                    Text(cell.source, notebook.encoding),
                    edited.get(uri),
                    edited=uri in edited,
                    imports=imports,
                )
            imports += cell.imports
