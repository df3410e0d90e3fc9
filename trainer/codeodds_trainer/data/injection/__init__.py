"""Right code with one injected error: the functions of published packages, and solved problems.

`package_list` and `packages` bring the source, `collect` finds the functions, `pairs` puts errors of two kinds into
them (mutants, and a language model's own alternatives), `solved` does the same to programs that tests can judge.
"""
