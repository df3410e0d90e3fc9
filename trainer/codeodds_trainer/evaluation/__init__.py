"""Figures on problems that training never saw, beside what anyone can have without a value head.

command ─▶ scoring (a bundle, through the engine) ─┐
        ├▶ baselines (a language model)           ─┴▶ raters ─▶ figures, curves ─▶ schema
        └▶ schema ─▶ tables, plots ─▶ page; headline ─▶ the bundle's manifest

raters: every score as a column, at any prefix. figures: one set of programs, every figure with its interval
(metrics of single problems, pooled figures of whole sets, bootstrap). schema: the results, as evaluation.json has them.
"""
