"""The command ``codeodds-train``, one file for each group of its commands."""
