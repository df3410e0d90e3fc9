"""Labelled programs: from published benchmarks and packages to the files that `fit` reads.

problems ─▶ rollouts ─▶ judge ─┐
                               ├▶ curation
packages ─▶ injection ─────────┘
"""
