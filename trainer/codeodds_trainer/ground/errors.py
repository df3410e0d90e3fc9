"""Everything that the trainer raises on purpose.

TrainerError
├── DataError         a data file cannot be used
├── RecipeError       a recipe cannot be read
├── ModelError        a model cannot be loaded or cut as asked
├── CacheError        the frozen features do not fit on the disk
├── TrainingError     the labels cannot be trained on
├── CalibrationError  the validation programs cannot calibrate anything
├── EvaluationError   figures cannot be made as asked
├── ClusterError      there is no Ray cluster to work on
├── PolicyError       a policy model cannot be sampled
└── ExportError       a checkpoint cannot become a bundle

JudgeError is `codeodds.errors.ExecutionError`: programs cannot be run here.
"""

from __future__ import annotations


class TrainerError(Exception):
    """Base of all errors that carry a message meant for the user."""


class DataError(TrainerError):
    """A data file cannot be used; the message names the file, the line and what is wrong."""


class RecipeError(TrainerError):
    """A recipe cannot be read; the message names the file and the place."""


class ModelError(TrainerError):
    """A model cannot be loaded or cut as asked; the message names the model and what to do."""


class CacheError(TrainerError):
    """The frozen features do not fit on the disk; the message says how much is needed."""


class TrainingError(TrainerError):
    """The labels cannot be trained on; the message says what is wrong with them."""


class CalibrationError(TrainerError):
    """The validation programs cannot calibrate anything; the message says why."""


class EvaluationError(TrainerError):
    """Figures cannot be made as asked; the message names the option and what to give instead."""


class ClusterError(TrainerError):
    """There is no Ray cluster to work on; the message says how to start one."""


class PolicyError(TrainerError):
    """A policy model cannot be sampled; the message says what failed and what to do."""


class ExportError(TrainerError):
    """A checkpoint cannot become a bundle; the message says why."""


__all__ = [name for name in dir() if name.endswith("Error")]
