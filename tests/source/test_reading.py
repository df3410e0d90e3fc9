"""Files are decoded as Python does, or refused with a sentence that says what to do."""

from __future__ import annotations

import codecs
import errno
import os
from pathlib import Path

import pytest

from codeodds.errors import SourceError
from codeodds.source import reading
from codeodds.source.reading import read_source


def written(folder: Path, content: bytes, name: str = "a.py") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(SourceError) as caught:
        read_source(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message.removeprefix(str(path))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", ""),
        ("x = 'é🎉'\n".encode(), "x = 'é🎉'\n"),
        (codecs.BOM_UTF8 + "x = 'é'\n".encode(), "x = 'é'\n"),
        (b"# -*- coding: latin-1 -*-\nx = '\xe9'\n", "# -*- coding: latin-1 -*-\nx = 'é'\n"),
        (b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nx = '\x80'\n", None),
        (b"a\r\nb\rc\n", "a\nb\nc\n"),
        (b"x = 1\x0c\n", "x = 1\x0c\n"),
    ],
    ids=["empty", "utf-8", "mark", "latin-1", "second line", "line ends", "form feed"],
)
def test_text(content: bytes, text: str | None, tmp_path: Path) -> None:
    expected = "#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nx = '€'\n" if text is None else text
    assert read_source(written(tmp_path, content)) == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\n\nx = '\xe9'\n", " is not utf-8: byte 7 cannot be decoded; save it as UTF-8, or declare its encoding in"),
        (b"x = '\xe9'\n", ": invalid or missing encoding declaration; save it as UTF-8"),
        (b"# coding: klingon\n", ": unknown encoding: klingon; save it as UTF-8, or correct its encoding comment"),
        (b"# coding: ascii\n\nx = '\xe9'\n", " is not ascii: byte 22 cannot be decoded"),
        (codecs.BOM_UTF8 + b"# coding: latin-1\n", ": encoding problem: utf-8; save it as UTF-8"),
        (b"# coding: hex\n", ": 'hex' is not a text encoding"),
        (b"# coding: undefined\n", " is not undefined: it cannot be decoded; save it as UTF-8"),
        (b"x = 1\0\n", " is not text: it holds NUL bytes; give Python source"),
        ("x = 1\n".encode("utf-16"), " is not text: it holds NUL bytes"),
    ],
)
def test_what_is_not_text_in_its_encoding(content: bytes, message: str, tmp_path: Path) -> None:
    assert refusal(written(tmp_path, content)).startswith(message)


def test_a_notebook(tmp_path: Path) -> None:
    path = written(tmp_path, b"{}", "a.ipynb")
    assert refusal(path) == " is a notebook; export its code first (jupyter nbconvert --to script)"


def test_a_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path) == " is a folder; name files, or let `codeodds score` search it"


def test_a_missing_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "no.py") == " does not exist; check the path"


def test_a_path_that_no_system_has() -> None:
    assert refusal(Path("a\0b.py")).endswith("check the path and its permissions")


def test_a_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    # The mode of the file would not do: root may read everything.
    monkeypatch.setattr(Path, "read_bytes", refuse)
    path = written(tmp_path, b"x = 1\n")
    assert refusal(path) == " cannot be read (Permission denied); check the path and its permissions"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.py")
    assert refusal(tmp_path / "a.py") == " is not a regular file; save the code in one and name that"


def test_the_size_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 1_000)
    assert read_source(written(tmp_path, b"#" * 1_000)) == "#" * 1_000
    assert refusal(written(tmp_path, b"#" * 1_001)) == " has 1,001 bytes; files above 1,000 are not read: split it"
