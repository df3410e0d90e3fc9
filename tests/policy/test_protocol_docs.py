"""docs/protocol.md names every setting with its default."""

from __future__ import annotations

import re

import msgspec

from codeodds.lsp.settings import Settings
from tests.policy.project import ROOT


def test_the_table_of_settings_is_complete() -> None:
    text = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| `([^`]+)` \|", text, re.MULTILINE))
    assert rows == {
        field.name: msgspec.json.encode(field.default).decode() for field in msgspec.structs.fields(Settings)
    }
