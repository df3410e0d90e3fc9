"""Writes docs/settings.md from the settings' fields: ``python -m codeodds.lsp.settings.page > docs/settings.md``.

A test compares the page with what this prints, so that they cannot drift apart.
"""

from __future__ import annotations

import ast
import inspect
import sys
from typing import Any

import msgspec

from codeodds.lsp.settings.fields import FOR_CLIENTS, SECTION, Settings

HEAD = f"""# Settings of the language server

<!-- Made by `python -m codeodds.lsp.settings.page`; change server/codeodds/lsp/settings/fields.py instead. -->

A client sends them in three ways, each time directly or under `{SECTION}`.

- `initializationOptions` hold from the start.
- `workspace/didChangeConfiguration` replaces them. A change to null only says that something changed.
- Where the client has `workspace/configuration`, it is asked for `{SECTION}`, in general and for each workspace folder.
  Until it has answered, for 2 seconds at most, nothing is scored by itself.
  What it answers for a folder holds for the documents in it; null means that the folder has none of its own.

Each of these replaces all settings: those that it does not name get their defaults.
A value that cannot be used is reported once in the client's log, by name, and its default is used.
Unknown names are ignored.

Settings marked *process* hold for the whole server; in a folder's settings they say nothing.

| name | type | default | meaning |
|---|---|---|---|
"""

COMPLETIONS = frozenset(name for name in FOR_CLIENTS if name.startswith("completions_"))
"""A folder that somebody else wrote must not choose where code is sent to."""

PROCESS_WIDE = frozenset({"threads", "model", "complete_names"}) | COMPLETIONS
"""There is one model for all documents, and one endpoint; and a server offers completion, or it does not."""


def page() -> str:
    """The whole page."""
    schema = msgspec.json.schema(Settings)["$defs"]["Settings"]["properties"]
    texts = field_docstrings(Settings)
    rows = []
    for field in client_fields():
        default = msgspec.json.encode(field.default).decode()
        scope = " *process*" if field.name in PROCESS_WIDE else ""
        rows.append(f"| `{field.name}` | {describe(schema[field.name])} | `{default}` | {texts[field.name]}{scope} |\n")
    return HEAD + "".join(rows)


def client_fields() -> list[msgspec.structs.FieldInfo]:
    """The fields of the settings that a client may set."""
    return [field for field in msgspec.structs.fields(Settings) if field.name in FOR_CLIENTS]


def describe(schema: dict[str, Any]) -> str:
    """A JSON schema in words: ``integer, 0 to 10,000``."""
    if "anyOf" in schema:
        return ", or ".join(describe(member) for member in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    kind = str(schema["type"])
    if kind == "array":
        return f"list of {describe(schema['items'])}s"
    if "minimum" in schema:
        return f"{kind}, {schema['minimum']:,.10g} to {schema['maximum']:,.10g}"
    return kind


def field_docstrings(struct: type) -> dict[str, str]:
    """The string that follows each field in the source of a class, on one line."""
    (definition,) = ast.parse(inspect.getsource(struct)).body
    assert isinstance(definition, ast.ClassDef)
    found = {}
    for field, text in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            assert isinstance(text.value, ast.Constant)
            found[field.target.id] = " ".join(str(text.value.value).split())
    return found


if __name__ == "__main__":
    sys.stdout.write(page())
