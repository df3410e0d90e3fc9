"""Fragments become a release's section of the changelog."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from codeodds import __version__
from tests.policy.project import ROOT

CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["towncrier"]
TYPES = [kind["directory"] for kind in CONFIG["type"]]


def fragments() -> list[Path]:
    return [path for path in (ROOT / "changelog.d").iterdir() if path.name not in ("README.md", "template.md")]


def towncrier(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "towncrier", "build", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_fragment_is_named_after_a_change_and_its_type() -> None:
    pattern = rf"[a-z0-9]+(-[a-z0-9]+)*\.({'|'.join(TYPES)})\.md"
    assert [path.name for path in fragments() if not re.fullmatch(pattern, path.name)] == []


def test_every_fragment_is_in_the_draft_once() -> None:
    """So that a release can be made at any time; the draft changes no file."""
    draft = towncrier(ROOT, "--draft")
    texts = [path.read_text("utf-8").strip() for path in fragments()]
    assert [text for text in texts if draft.count("\n- " + text.replace("\n", "\n  ") + "\n") != 1] == []


def test_a_release_has_sections_in_order_and_deletes_its_fragments(tmp_path: Path) -> None:
    folder = tmp_path / "changelog.d"
    folder.mkdir()
    (folder / "README.md").write_text("How fragments are named.\n")
    (folder / "template.md").write_bytes((ROOT / CONFIG["template"]).read_bytes())
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n<!-- towncrier release notes start -->\n\n## 0.1.0 (2026-12-01)\n"
    )
    for name, text in {
        "b.fixed.md": "It ends.",
        "b.added.md": "More.\n",
        "a.added.md": "A `thing`.",
        "c.changed.md": "C.",
    }.items():
        (folder / name).write_text(text)
    towncrier(tmp_path, "--version", "0.2.0", "--date", "2027-01-02", "--yes")
    assert (tmp_path / "CHANGELOG.md").read_text() == (
        "# Changelog\n\n<!-- towncrier release notes start -->\n\n## 0.2.0 (2027-01-02)\n\n"
        "### Added\n\n- A `thing`.\n- More.\n\n### Changed\n\n- C.\n\n### Fixed\n\n- It ends.\n\n"
        "## 0.1.0 (2026-12-01)\n"
    )
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "template.md"]


def test_the_changelog_has_a_section_for_the_version() -> None:
    content = (ROOT / CONFIG["filename"]).read_text("utf-8")
    versions = re.findall(r"^## (\S+) \(\d{4}-\d{2}-\d{2}\)$", content, re.MULTILINE)
    assert versions[0] == __version__
    assert content.count("<!-- towncrier release notes start -->\n") == 1
