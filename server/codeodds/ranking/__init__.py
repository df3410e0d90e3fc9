"""Ranks ways to finish a piece of code: candidates in, the most promising first. Start at `codeodds.ranking.rank`."""
