"""Which settings hold for a document: by folder, and by the globs of `exclude`. No server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.lsp.globs import matches
from codeodds.lsp.settings import Settings
from codeodds.lsp.settings_store import SettingsStore, path_of


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("test_*.py", ["test_a.py", "a/b/test_c.py"], ["atest_a.py", "test_a.pyi", "test_a.py/b"]),
        ("a.py", ["a.py", "x/a.py"], ["ba.py", "aXpy"]),
        ("src/*.py", ["src/a.py"], ["src/b/a.py", "x/src/a.py"]),
        ("src/**", ["src/a.py", "src/b/c.py"], ["src", "xsrc/a.py", "b/src2/a.py"]),
        ("build/", ["build/a.py", "x/build/b/a.py"], ["build", "rebuild/a.py"]),
        ("**/gen/**", ["gen/a.py", "x/gen/a.py", "x/y/gen/z/a.py"], ["gene/a.py", "gen"]),
        ("a?.py", ["ab.py"], ["a.py", "a/.py"]),
        ("[a-c]?.py", ["b1.py"], ["d1.py"]),
        ("[!a-c].py", ["d.py"], ["a.py"]),
        ("[.py", ["[.py"], ["a.py"]),
        ("a+b(1).py", ["a+b(1).py"], ["aab1.py"]),
        ("[z-a].py", ["[z-a].py"], ["z.py"]),
    ],
)
def test_globs(pattern: str, yes: list[str], no: list[str]) -> None:
    assert [path for path in yes if not matches(path, pattern)] == []
    assert [path for path in no if matches(path, pattern)] == []


@given(st.text(max_size=12), st.text(max_size=12))
def test_no_glob_fails(path: str, pattern: str) -> None:
    assert matches(path, pattern) in (True, False)


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
