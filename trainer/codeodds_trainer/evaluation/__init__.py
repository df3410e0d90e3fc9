"""Figures on problems that training never saw, beside what anyone can have without a value head.

evaluate ─▶ ground.scoring (a bundle, through the engine) ─┐
        ├▶ baselines (a language model)                   ─┴▶ figures ─▶ report; the bundle's figures and card
"""
