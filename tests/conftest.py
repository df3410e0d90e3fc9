"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Tiny models gain nothing from more threads, and processes beside each other lose. Read when torch is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# No test may depend on time: the machine may be busy.
settings.register_profile("codeodds", deadline=None)
settings.load_profile("codeodds")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def default_bundle() -> Path:
    """The committed bundle."""
    return ROOT / "models" / "default"
