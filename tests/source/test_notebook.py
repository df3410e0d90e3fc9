"""Notebooks as files: their Python cells, or one sentence on why there are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codeodds.errors import SourceError
from codeodds.source import notebook
from codeodds.source.notebook import read_notebook
from codeodds.source.reading import Part


def code(source: str | list[str], **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "outputs": [{"data": {"image/png": "AAAA"}}], "metadata": {}, **more}


def written(folder: Path, content: Any) -> Path:
    path = folder / "a.ipynb"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def test_python_cells_have_their_number_and_the_imports_above_them(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "text"], "metadata": {}},
        code(["%matplotlib inline\n", "import math\r\n", "x = 1"]),
        {"cell_type": "raw", "source": "import raw"},
        code("%%bash\nimport shell\n"),
        code("select 1", metadata={"vscode": {"languageId": "sql"}}),
        code("import os\ndef f():\n    return os\n", id="a", execution_count=None),
        code([]),
    ]
    for metadata in ({}, {"language_info": {"name": "python"}}, {"kernelspec": {"language": "python", "name": "x"}}):
        path = written(tmp_path, {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells})
        assert list(read_notebook(path)) == [
            Part("                  \nimport math\nx = 1", 2, ""),
            Part("      \n            \n", 4, "import math\n"),
            Part("import os\ndef f():\n    return os\n", 6, "import math\n"),
            Part("", 7, "import math\nimport os\n"),
        ]


def test_a_new_notebook_and_a_mark_at_the_start_are_fine(tmp_path: Path) -> None:
    assert list(read_notebook(written(tmp_path, b'\xef\xbb\xbf{"nbformat": 4, "cells": []}'))) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", " is no notebook: it is not JSON (Input data was truncated); save it again in your editor"),
        (b"def f(): pass\n", " is no notebook: it is not JSON ("),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "\xff"}]}', " is no notebook: it is not JSON ("),
        (b"[" * 100_000, " is no notebook: "),
        ([], " is no notebook: Expected `object`, got `array`; name a file that Jupyter or an editor has saved"),
        ({"cells": []}, " is no notebook: Object missing required field `nbformat`"),
        ({"nbformat": 4}, " is no notebook: it has no cells; name a file"),
        ({"nbformat": 4, "cells": 3}, " is no notebook: Expected `array | null`, got `int` - at `$.cells`"),
        ({"nbformat": 4, "cells": [{"cell_type": "code", "source": 3}]}, " is no notebook: Expected `str | array`"),
        (
            {"nbformat": 3, "worksheets": [{"cells": []}]},
            " is a notebook of format 3; open it in a current Jupyter and",
        ),
        (
            {"nbformat": 4, "cells": [code("x <- 1")], "metadata": {"kernelspec": {"name": "ir", "language": "R"}}},
            " is a notebook in R; only Python can be scored",
        ),
        (
            {"nbformat": 4, "cells": [], "metadata": {"language_info": {"name": "julia"}}},
            " is a notebook in julia; only Python can be scored",
        ),
    ],
)
def test_what_is_no_python_notebook_is_refused_in_one_sentence(content: Any, message: str, tmp_path: Path) -> None:
    path = written(tmp_path, content)
    with pytest.raises(SourceError) as caught:
        list(read_notebook(path))
    assert str(caught.value).startswith(f"{path}{message}")
    assert "\n" not in str(caught.value)


def test_a_notebook_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook, "MAX_BYTES", 10)
    with pytest.raises(SourceError, match="files above 10 are not read"):
        list(read_notebook(written(tmp_path, {"nbformat": 4, "cells": []})))
