"""One worker for the tests of the judge, in this process."""

from __future__ import annotations

from codeodds.execution.sandbox import Sandbox
from codeodds.execution.verdict import Job, Outcome
from codeodds.execution.worker import Worker


class Judge:
    """Judges programs with short limits."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._worker = Worker(sandbox)

    def asserts(self, program: str, *tests: str, **limits: float) -> Outcome:
        return self._worker.judge(Job(program=program, tests=list(tests), **{"time_limit_s": 1.0, **limits}))

    def prints(self, program: str, *cases: tuple[str, str], **limits: float) -> Outcome:
        inputs, outputs = map(list, zip(*cases, strict=True))
        limits = {"time_limit_s": 1.0, **limits}
        return self._worker.judge(Job(program=program, inputs=inputs, outputs=outputs, **limits))

    def calls(self, program: str, entry_point: str, *calls: object) -> Outcome:
        return self._worker.judge(Job(program=program, entry_point=entry_point, calls=list(calls), time_limit_s=1.0))

    def observes(self, program: str, entry_point: str, *arguments: str) -> Outcome:
        job = Job(program=program, entry_point=entry_point, observe=list(arguments), time_limit_s=1.0)
        return self._worker.judge(job)
