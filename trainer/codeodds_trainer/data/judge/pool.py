"""The pool of `codeodds.execution`, under the name that it had here."""

from codeodds.execution.pool import Pool, WorkerProcess, is_borderline

__all__ = ["Pool", "WorkerProcess", "is_borderline"]
