"""The documentation that a client can open: files that come with the server, so that no network is needed."""

from __future__ import annotations

from pathlib import Path

CODES = "codes.md"
SETTINGS = "settings.md"


def page_uri(name: str) -> str | None:
    """URI of a page of the documentation; None if this installation has none."""
    here = Path(__file__).resolve()
    for folder in (here.parents[2] / "docs", here.parents[4] / "docs"):
        if (folder / name).is_file():
            return (folder / name).as_uri()
    return None
