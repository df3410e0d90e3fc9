"""Jobs and outcomes of `codeodds.execution`, under the name that they had here."""

from codeodds.execution.verdict import Call, Job, Network, Outcome, Verdict

__all__ = ["Call", "Job", "Network", "Outcome", "Verdict"]
