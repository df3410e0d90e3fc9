"""Documents do not drift from what they describe."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import click
import msgspec
import pytest

from codeodds import __version__
from codeodds.cli.main import cli
from codeodds.lsp.settings.fields import Settings
from tests.policy.project import ROOT, tracked_files

DOCUMENTS = sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md")) + [ROOT / "trainer" / "README.md"]


def _read(path: Path | str) -> str:
    return (ROOT / path).read_text("utf-8")


def _shown_commands(path: Path) -> list[str]:
    """Every line of the shell blocks of a document, and every inline code span, without trailing comments."""
    text = _read(path)
    lines = [
        line
        for block in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
    ]
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [line.partition(" #")[0].strip() for line in lines + re.findall(r"`([^`\n]+)`", prose)]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_make_targets_that_a_document_names_exist(path: Path) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", _read("Makefile"), re.MULTILINE))
    named = {match[1] for line in _shown_commands(path) if (match := re.match(r"make ([a-z0-9-]+)", line))}
    assert named <= targets


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_that_a_document_names_exist(path: Path) -> None:
    for line in _shown_commands(path):
        words = line.split()
        if words[:1] != ["codeodds"]:
            continue
        command: click.Command = cli
        words.pop(0)
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            assert words[0] in command.commands, line
            command = command.commands[words.pop(0)]
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        assert {word for word in words if word.startswith("--")} <= known, line


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_relative_links_lead_somewhere(path: Path) -> None:
    text = _read(path)
    folder = path.parent
    targets = [target for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in target]
    assert [target for target in targets if not (folder / target).exists()] == []


def test_snippets_for_editors_change_no_setting() -> None:
    """What somebody copies runs with the defaults, which are what was measured."""
    settings = "|".join(field.name for field in msgspec.structs.fields(Settings))
    changed = [
        (path.name, match[0])
        for path in [*DOCUMENTS, ROOT / "vscode-extension" / "README.md"]
        for block in re.findall(r"^```(?:lua|toml|vim|elisp|jsonc)\n(.*?)^```", _read(path), re.MULTILINE | re.DOTALL)
        if not block.startswith("[tool.codeodds]")  # a project's, not an editor's
        for match in re.finditer(rf'\b(?:{settings})\b["\']?\]?\s*[=:]\s*[^\s,}}]+', block)
    ]
    assert changed == []


def test_every_folder_of_the_top_level_is_on_the_map() -> None:
    folders = {path.relative_to(ROOT).parts[0] for path in tracked_files() if path.parent != ROOT}
    architecture = _read("ARCHITECTURE.md")
    assert [name for name in sorted(folders) if f"`{name}/" not in architecture and not name.startswith(".")] == []


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads(_read("pyproject.toml"))["project"]
    assert project["version"] == __version__


def test_every_dependency_says_why() -> None:
    section = ""
    unexplained = []
    for line in _read("pyproject.toml").splitlines():
        section = line if line.startswith("[") else section
        if re.match(r'    "[a-z]', line) and section in ("[project]", "[project.optional-dependencies]"):
            is_dependency = re.search(r"[<>=]=", line) or "types-" in line
            if is_dependency and "#" not in line:
                unexplained.append(line.strip())
    assert unexplained == []
