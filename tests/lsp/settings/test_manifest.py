"""The VS Code extension's manifest holds the server's settings."""

from __future__ import annotations

import json
from pathlib import Path

from codeodds.lsp.settings.manifest import properties, rendered, with_settings


def test_the_manifest_is_what_the_generator_makes(project_root: Path) -> None:
    written = (project_root / "vscode-extension" / "package.json").read_text("utf-8")
    assert written == rendered(with_settings(json.loads(written))), (
        "run `python -m codeodds.lsp.settings.manifest vscode-extension/package.json`"
    )


def test_what_names_files_or_places_is_not_for_workspaces() -> None:
    scopes = {name: value["scope"] for name, value in properties().items()}
    assert scopes["model"] == "machine-overridable"
    assert {scope for name, scope in scopes.items() if name.startswith("completions_")} == {"machine"}
