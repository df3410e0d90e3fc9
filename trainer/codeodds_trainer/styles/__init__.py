"""Labelled programs in other styles of the same meaning: a head that sees one style learns that style.

`rewrite` draws the styles of a problem; each style is one file, with a function from a prompt and the completions of
all its programs to the same in that style.
"""
