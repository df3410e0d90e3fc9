"""Odds: how much more likely a language model finds a small edit of a function than the function itself."""
