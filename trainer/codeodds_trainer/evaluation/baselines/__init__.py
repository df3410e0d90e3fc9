"""What anyone can have without a value head: scores to stand beside ours.

measure ─▶ language_pass (one run of the full base model a problem) ─▶ log-probabilities
       ├▶ static_checks (syntax, undefined names)
       └▶ agreement (what the programs return for generated inputs)

Each keeps what it computed in a `store` of its own, so that a killed run goes on where it stopped.
"""
