"""Small edits of a function: which could have been meant instead of what stands there. Pure: no model, no protocol.

`catalogue` collects them from the files for one kind of code each; `soundness` objects to those that nobody could have
meant. The server proposes them, the trainer injects them.
"""
