"""Scores code with a bundle: text in, plain data out."""
