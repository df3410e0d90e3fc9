"""Reads a notebook's Python cells, or says in one sentence why that can't be done. Outputs are not read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from codeodds.errors import SourceError
from codeodds.source.cells import as_python
from codeodds.source.functions import find_imports, normalise_newlines
from codeodds.source.reading import Part, read_bytes

SUFFIX = ".ipynb"
FORMAT = 4
"""Of nbformat. Older notebooks keep their cells elsewhere."""

MAX_BYTES = 100_000_000
"""Larger notebooks are not read. Pictures in the outputs make them large."""


class _Language(msgspec.Struct):
    languageId: str = "python"  # noqa: N815 - as VS Code writes it


class _CellMetadata(msgspec.Struct):
    vscode: _Language = msgspec.field(default_factory=_Language)


class _Cell(msgspec.Struct):
    cell_type: str
    source: str | list[str] = ""
    metadata: _CellMetadata = msgspec.field(default_factory=_CellMetadata)


class _LanguageInfo(msgspec.Struct):
    name: str = ""


class _Kernel(msgspec.Struct):
    language: str = ""
    name: str = ""


class _Metadata(msgspec.Struct):
    language_info: _LanguageInfo = msgspec.field(default_factory=_LanguageInfo)
    kernelspec: _Kernel = msgspec.field(default_factory=_Kernel)


class _Notebook(msgspec.Struct):
    nbformat: int
    cells: list[_Cell] | None = None
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)


def is_notebook(path: Path) -> bool:
    """By its name."""
    return path.suffix.lower() == SUFFIX


def read_notebook(path: Path) -> Iterator[Part]:
    """The Python cells in order, each with the imports of those above it. Cells count from 1, those of text included.

    Raises: SourceError for a file that cannot be read, is no notebook, has an older format or holds another language.
    """
    notebook = _decode(path)
    if notebook.nbformat < FORMAT:
        raise SourceError(
            f"{path} is a notebook of format {notebook.nbformat}; open it in a current Jupyter and save it, which "
            f"writes format {FORMAT}"
        )
    if notebook.cells is None:
        raise SourceError(f"{path} is no notebook: it has no cells; name a file that Jupyter or an editor has saved")
    kernel = notebook.metadata.kernelspec
    language = notebook.metadata.language_info.name or kernel.language
    if language and "python" not in language.lower():
        raise SourceError(f"{path} is a notebook in {language}; only Python can be scored")
    imports = ""
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "code" and cell.metadata.vscode.languageId == "python":
            source = cell.source if isinstance(cell.source, str) else "".join(cell.source)
            text = as_python(normalise_newlines(source))
            yield Part(text, number, imports)
            imports += find_imports(text)


def _decode(path: Path) -> _Notebook:
    content = read_bytes(path, MAX_BYTES).removeprefix(b"\xef\xbb\xbf")
    try:
        return msgspec.json.decode(content, type=_Notebook)
    except msgspec.ValidationError as error:
        raise SourceError(f"{path} is no notebook: {error}; name a file that Jupyter or an editor has saved") from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise SourceError(f"{path} is no notebook: it is not JSON ({reason}); save it again in your editor") from None
