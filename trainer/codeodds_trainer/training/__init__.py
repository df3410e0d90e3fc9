"""Labelled programs to a trained value model: ``codeodds-train fit``.

fit ─▶ prepare (base model, cut and pruned) ─▶ dataset, trie (packs of tokens with targets)
    └▶ features (the frozen trunk runs once) ─▶ probe, train (head and last layers)
"""
