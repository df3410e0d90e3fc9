"""Runs untrusted programs in a sandbox, and says what they do.

Nothing here runs unless somebody asks for it: `codeodds-train judge` and what builds on it, and `codeodds rank
--run-code`. Scoring and the language server never do.

Two sides, and a pipe between them. *Outside* (this package) knows the tests and makes the verdict. *Inside* (`inside/`)
is a sandboxed process that runs the program and knows no test: it is told which function to call with which arguments,
and answers with plain data. So a program can neither read what is expected of it nor announce that it passed.

    pool ─▶ worker ─▶ checker (asserts, calls) ─┐
                   ├▶ observe (watched calls) ──┤
                   └▶ stdio (printed output)  ──┴▶ sandbox ══▶ inside.zygote ─▶ inside.runner
"""
