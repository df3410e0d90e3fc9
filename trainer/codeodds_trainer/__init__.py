"""Turns a decoder-only language model into a per-token value head and exports it as a codeodds bundle."""

import os

import codeodds  # noqa: F401  (switches off onnxruntime's telemetry, before optimum loads that library)

# As in `codeodds`: what these libraries would report by themselves, they do not.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
