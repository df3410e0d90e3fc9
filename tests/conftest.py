"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

import codeodds  # noqa: F401  (switches off onnxruntime's telemetry, before a test loads that library)

# Tiny models gain nothing from more threads, and processes beside each other lose. Read when torch is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# No test may depend on time: the machine may be busy.
settings.register_profile("codeodds", deadline=None)
settings.load_profile("codeodds")

ROOT = Path(__file__).resolve().parents[1]
OFFLINE = ROOT / "tests" / "offline"
CONNECTED = ROOT / "tests" / "trainer"
"""Several processes talk to each other there."""

_spec = importlib.util.spec_from_file_location("codeodds_offline", OFFLINE / "sitecustomize.py")
assert _spec is not None
assert _spec.loader is not None
offline = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(offline)
offline.active = False


@pytest.fixture(autouse=True)
def no_connections(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The server opens no connection: neither this process may during its tests, nor any that it starts."""
    if CONNECTED in request.path.parents:
        yield
        return
    path = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", f"{OFFLINE}{os.pathsep}{path}" if path else str(OFFLINE))
    offline.active = True
    if request.node.get_closest_marker("loopback") is not None:
        monkeypatch.setenv(offline.LOOPBACK_VARIABLE, "1")
        offline.loopback = True
    yield
    offline.active = offline.loopback = False


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def default_bundle() -> Path:
    """The committed bundle."""
    return ROOT / "models" / "default"


@pytest.fixture
def linked_bundle(default_bundle: Path, tmp_path: Path) -> Path:
    """The committed bundle as a folder of links, without its figures: a test may put other ones there."""
    folder = tmp_path / "linked"
    folder.mkdir()
    for file in default_bundle.iterdir():
        if file.name != "evaluation.json":
            (folder / file.name).symlink_to(file)
    return folder
