"""Verdicts for whole files of programs: `judge_files` and `label`, over the sandbox of `codeodds.execution`.

`pool` and `verdict` name that package's `Pool`, `Job` and `Outcome` once more, for programs that know them from here.
"""
