"""Writes the settings into the manifest of the VS Code extension: ``python -m codeodds.lsp.settings.manifest
vscode-extension/package.json``.

A test compares the manifest with what this makes, so that they cannot drift apart.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from codeodds.lsp.settings.fields import SECTION, Settings
from codeodds.lsp.settings.page import COMPLETIONS, PROCESS_WIDE, client_fields, field_docstrings

RESTRICTED = frozenset({"model"}) | COMPLETIONS
"""A workspace that nobody trusts must not set these: they name files to open and places to send code to."""

TITLES = {False: f"{SECTION}: scores", True: f"{SECTION}: completions"}
"""Headings of the pages of settings; true for what concerns the endpoint."""


def with_settings(manifest: dict[str, Any]) -> dict[str, Any]:
    """A manifest with the server's settings in it. What the extension adds for itself stays as it is, and first."""
    contributes = manifest["contributes"]
    own = [page for page in contributes["configuration"] if page["title"] not in TITLES.values()]
    pages = own + [
        {
            "title": title,
            "properties": {
                f"{SECTION}.{name}": value for name, value in properties().items() if (name in COMPLETIONS) is endpoint
            },
        }
        for endpoint, title in TITLES.items()
    ]
    capabilities = manifest["capabilities"]
    untrusted = capabilities["untrustedWorkspaces"]
    own_names = {name for page in own for name in page["properties"]}
    restricted = [name for name in untrusted["restrictedConfigurations"] if name in own_names]
    restricted += [f"{SECTION}.{name}" for name in properties() if name in RESTRICTED]
    return {
        **manifest,
        "capabilities": {
            **capabilities,
            "untrustedWorkspaces": {**untrusted, "restrictedConfigurations": restricted},
        },
        "contributes": {**contributes, "configuration": pages},
    }


def properties() -> dict[str, dict[str, Any]]:
    """By name of the setting: its JSON schema with what VS Code adds to one."""
    schema = msgspec.json.schema(Settings)["$defs"]["Settings"]["properties"]
    texts = field_docstrings(Settings)
    return {
        field.name: {
            **_plain(schema[field.name]),
            "default": msgspec.to_builtins(field.default),
            "scope": _scope(field.name),
            "markdownDescription": texts[field.name],
        }
        for field in client_fields()
    }


def _scope(name: str) -> str:
    """Where VS Code lets a setting be set. `machine`: by the user alone, on each machine."""
    if name in COMPLETIONS:
        return "machine"
    if name in RESTRICTED:
        return "machine-overridable"
    return "window" if name in PROCESS_WIDE else "resource"


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """The members that VS Code's settings page can show; a choice of two types becomes a list of types."""
    schema = {name: _whole(value) for name, value in schema.items() if name != "default"}
    if "anyOf" in schema:
        merged: dict[str, Any] = {"type": [member["type"] for member in schema["anyOf"]]}
        for member in schema["anyOf"]:
            merged |= {name: _whole(value) for name, value in member.items() if name != "type"}
        return merged
    if "enum" in schema:
        return {"type": "string", "enum": list(msgspec.to_builtins(schema["enum"]))}
    return schema


def _whole(value: Any) -> Any:
    """A limit of 0.0 as 0: which of them it is depends on who used the same annotation first in this process."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def rendered(manifest: dict[str, Any]) -> str:
    """As prettier writes a manifest."""
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


def main(path: Path) -> None:
    """Write the file anew."""
    manifest = json.loads(path.read_text("utf-8"))
    path.write_text(rendered(with_settings(manifest)), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
