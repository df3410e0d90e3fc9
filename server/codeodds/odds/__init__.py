"""Small edits of a function: which could have been meant instead of what stands there. Pure: no model, no protocol.

`catalogue` collects them from `operators`, `structure`, `words` and `names`; `soundness` objects to those that nobody
could have meant.
"""
