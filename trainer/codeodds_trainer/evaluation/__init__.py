"""Figures on problems that training never saw, beside what anyone can have without a value head.

command ─▶ scoring (a bundle, through the engine) ─┐
        └▶ baselines (a language model)           ─┴▶ figures ─▶ metrics
"""
