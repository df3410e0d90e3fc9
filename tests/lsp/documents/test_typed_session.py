"""The recorded typing session: what VS Code sent makes the text that was typed."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def session(project_root: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(project_root / "bench"))
    return importlib.import_module("typing_session")


def test_the_recorded_changes_make_the_text(session: ModuleType) -> None:
    text = session.BEFORE
    for stroke in session.read_session(session.RECORDED):
        assert 0 <= stroke.offset <= stroke.offset + stroke.delete <= len(text)
        text = text[: stroke.offset] + stroke.insert + text[stroke.offset + stroke.delete :]
    assert text == session.BEFORE + session.TYPED


def test_the_times_of_the_recording_ascend_from_zero(session: ModuleType) -> None:
    strokes = session.read_session(session.RECORDED)
    times = [stroke.t_ms for stroke in strokes]
    assert times[0] == 0
    assert times == sorted(times)
    together = session.messages(strokes)
    assert [stroke for group in together for stroke in group] == strokes
    assert {len({stroke.t_ms for stroke in group}) for group in together} == {1}


def test_the_editor_indents_and_closes_brackets_in_the_recording(session: ModuleType) -> None:
    inserted = [stroke.insert for stroke in session.read_session(session.RECORDED)]
    assert {"()", "\n        "} <= set(inserted)
    assert any(stroke.delete for stroke in session.read_session(session.RECORDED))
