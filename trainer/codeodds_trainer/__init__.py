"""Turns a decoder-only language model into a per-token value head and exports it as a codeodds bundle."""
