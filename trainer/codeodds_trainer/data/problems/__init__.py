"""Benchmarks of coding problems, in the layouts in which they are published, as one type.

read ─▶ apps, mbpp, humaneval, livecodebench, own ─▶ problem.Problem (prompts by prompt)
"""
