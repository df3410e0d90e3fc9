"""codeodds: how likely the function under the cursor is to be right."""

__version__ = "0.1.0"
