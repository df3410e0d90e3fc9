"""Where a run keeps what it made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

RECIPE_FILE = "recipe.yaml"
SUMMARY_FILE = "summary.json"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Where a run keeps what it made. Everything in it can be made again from the recipe and the data."""

    root: Path

    @property
    def base(self) -> Path:
        return self.root / "base"

    @property
    def training(self) -> Path:
        return self.root / "training"

    @property
    def model(self) -> Path:
        return self.root / "model"

    @property
    def scores(self) -> Path:
        return self.root / "scores"

    @property
    def recipe(self) -> Path:
        return self.root / RECIPE_FILE

    @property
    def environment(self) -> Path:
        """The versions, the machine and the command of the last `fit`."""
        return self.root / "environment.json"

    @property
    def summary(self) -> Path:
        """Written last: a run without one is unfinished."""
        return self.root / SUMMARY_FILE
