"""Which settings hold for a document: by folder, and by what is excluded. No server."""

from __future__ import annotations

from pathlib import Path

import pytest

from codeodds.lsp.settings import store as settings_store
from codeodds.lsp.settings.fields import Settings
from codeodds.lsp.settings.store import SettingsStore, path_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("file:///c%3A/a%20b/", "file:///C:/a b"),
        ("file:///w", "file:///w/"),
        ("untitled:Untitled-1", "untitled:Untitled-1"),
        ("file://host/share/a", "file://host/share/a/"),
        ("vscode-notebook-cell:/w/a.ipynb#W0s", "file:///w/a.ipynb"),
    ],
)
def test_uris_that_mean_the_same(one: str, other: str) -> None:
    assert path_of(one) == path_of(other)


def test_paths_that_differ() -> None:
    assert len({path_of(uri) for uri in ("file:///a", "file://a/", "untitled:a", "file:///A", "http://[", "")}) == 6


def test_the_innermost_folder_decides() -> None:
    store = SettingsStore()
    folders = {
        "file:///w": {"threshold": 0.1},
        "file:///w/in%20ner": {"codeodds": {"threshold": 0.2}},
        "file:///x": None,
    }
    assert store.replace({"threshold": 0.3}, folders) == []
    found = {
        uri: store.for_document(uri).threshold
        for uri in (
            "file:///w/a.py",
            "file:///w/in ner/a.py",
            "file:///w/in%20nermost/a.py",
            "file:///x/a.py",
            "file:///wx/a.py",
            "untitled:Untitled-1",
        )
    }
    assert list(found.values()) == [0.1, 0.2, 0.1, 0.3, 0.3, 0.3]
    store.replace(None, {})
    assert store.for_document("file:///w/a.py") == Settings()


def test_excluded_documents_are_not_scored_by_themselves() -> None:
    store = SettingsStore()
    store.replace({"exclude": ["**/gen/**", "skip/**"]}, {"file:///w": {"exclude": ["tests/"]}, "file:///v": None})
    enabled = [
        store.for_document(uri).enable
        for uri in (
            "file:///w/tests/a.py",
            "file:///w/gen/a.py",
            "file:///x/gen/a.py",
            "file:///v/skip/a.py",
            "file:///v/more/skip/a.py",
        )
    ]
    assert enabled == [False, True, False, False, True]


def test_what_the_project_excludes_is_not_scored_by_itself_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings_store, "PROJECT_RECHECK_S", 0.0)
    project = tmp_path / "pyproject.toml"
    project.write_text('[tool.codeodds]\nexclude = ["gen", "src/*.py"]\n')
    store = SettingsStore()
    problems: list[str] = []
    store.on_problem = problems.append
    store.replace({"exclude": ["mine.py"]}, {tmp_path.as_uri(): None})
    names = ("a.py", "mine.py", "gen/a.py", "x/gen/b/a.py", "src/a.py", "src/b/a.py")
    uris = [(tmp_path / name).as_uri() for name in names]
    assert [store.for_document(uri).enable for uri in uris] == [True, False, False, False, False, True]
    assert store.for_document("untitled:Untitled-1").enable
    project.write_text("[tool.codeodds]\nexclude = 3\n")
    assert [store.for_document(uri).enable for uri in uris] == [True, False, True, True, True, True]
    (problem,) = problems
    assert problem.startswith(f"{project}: [tool.codeodds] cannot be used: Expected `array`, got `int`")
    project.write_text('[tool.codeodds]\nexclude = ["a.py"]\n')
    assert [store.for_document(uri).enable for uri in uris] == [False, False, False, False, False, False]


def test_a_pattern_that_can_match_nothing_is_reported_once() -> None:
    store = SettingsStore()
    wrong = {"exclude": ["${workspaceFolder}/gen", "good.py"]}
    assert store.replace(wrong, {"file:///w": wrong}) == [
        "setting codeodds.exclude: the pattern `${workspaceFolder}/gen` matches nothing: variables are not replaced; "
        "write the path out"
    ]
    assert not store.for_document("file:///w/good.py").enable


def test_a_wrong_value_is_reported_once_and_again_when_it_comes_back() -> None:
    store = SettingsStore()
    wrong, folders = {"threshold": 3}, {"file:///w": {"threads": 0}, "file:///v": {"threads": 0}}
    assert [problem.split()[1] for problem in store.replace(wrong, folders)] == [
        "codeodds.threshold",
        "codeodds.threads",
    ]
    assert store.replace(wrong, folders) == []
    assert store.replace({}, {}) == []
    assert len(store.replace(wrong, {})) == 1
