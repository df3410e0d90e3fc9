"""From labelled rollouts to a training set: splits without leaks, mutants, balance, a datasheet.

command ─▶ duplicates ─▶ splits ─▶ mutants ─▶ balance ─▶ datasheet
"""
