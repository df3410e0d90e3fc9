"""The tiny bundles, built once for all tests of the engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.tiny import PRECISIONS, Precision, build_bundle


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A float32 bundle. Tests must not write to it."""
    return build_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture(scope="session")
def writing_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A float32 bundle that also writes; it scores as `tiny_bundle` does."""
    return build_bundle(tmp_path_factory.mktemp("bundles") / "writing", writes=True)


@pytest.fixture(scope="session", params=PRECISIONS, ids=lambda precision: precision.name)
def tiny_precision(request: pytest.FixtureRequest) -> Precision:
    """Each way in which the weights are stored."""
    precision: Precision = request.param
    return precision


@pytest.fixture(scope="session")
def tiny_bundle_of_precision(tiny_precision: Precision, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle for each way. Tests must not write to it."""
    return build_bundle(tmp_path_factory.mktemp("bundles") / f"bits{tiny_precision.bits}", tiny_precision)
