"""What anyone can have without a value head: scores to stand beside ours.

measure ─▶ language_pass (one run of the full base model a problem) ─▶ log-probabilities, pooled hidden states
       ├▶ probe (logistic regression on the pooled hidden states)
       ├▶ reviewer (log-probability of the task given the program)
       ├▶ static_checks (syntax, undefined names)
       └▶ agreement (what the programs return for generated inputs) ─▶ inputs, judge

Each keeps what it computed in a `store` of its own, so that a killed run goes on where it stopped.
"""
