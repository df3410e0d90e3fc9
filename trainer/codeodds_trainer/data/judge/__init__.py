"""Verdicts for whole files of programs: `judge_files` and `label`, over the sandbox of `codeodds.execution`."""
