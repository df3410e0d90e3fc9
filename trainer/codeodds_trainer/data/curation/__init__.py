"""From labelled rollouts to a training set: splits without leaks, mutants, balance, a datasheet.

make_dataset ─▶ duplicates ─▶ splits ─▶ mutants ─▶ balance ─▶ datasheet
"""
