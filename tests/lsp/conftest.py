"""What the tests of the language server share."""

from __future__ import annotations

import msgspec
import pytest

from codeodds.lsp.settings import fields


@pytest.fixture(autouse=True)
def limits_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests choose the limits as well, which no client can; `fake_server` does the same in its own process."""
    names = tuple(field.name for field in msgspec.structs.fields(fields.Settings))
    monkeypatch.setattr(fields, "FOR_CLIENTS", names)
