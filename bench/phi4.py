"""Computes what the presets for the Phi-4 models need: ``python bench/phi4.py [--nodes N] [--json]``.

The shapes below are those of the published configs. Nothing is downloaded and nothing is measured: the table says what
autograd would save and which operations would run. Results that are worth keeping are committed in ``bench/results/``.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
from pathlib import Path

from transformers import Phi3Config

from codeodds_trainer.training.plan import plan, render_plan
from run import machine

RECIPES = Path(__file__).resolve().parents[1] / "models" / "recipes"

SHAPES = {
    "phi-4-mini-paper": {
        "hidden_size": 3072,
        "intermediate_size": 8192,
        "num_hidden_layers": 32,
        "num_attention_heads": 24,
        "num_key_value_heads": 8,
        "vocab_size": 200_064,
        "max_position_embeddings": 131_072,
        "original_max_position_embeddings": 4096,
        "partial_rotary_factor": 0.75,
        # The factors are the published model's own; only their number matters here.
        "rope_scaling": {"type": "longrope", "short_factor": [1.0] * 48, "long_factor": [1.0] * 48},
        "tie_word_embeddings": True,
        "pad_token_id": 199_999,
    },
    "phi-4-paper": {
        "hidden_size": 5120,
        "intermediate_size": 17_920,
        "num_hidden_layers": 40,
        "num_attention_heads": 40,
        "num_key_value_heads": 10,
        "vocab_size": 100_352,
        "max_position_embeddings": 16_384,
        "rope_theta": 250_000.0,
        "pad_token_id": 100_349,
    },
}
"""microsoft/Phi-4-mini-instruct and microsoft/phi-4."""

PROCESSES = (1, 8)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=23_000_000, help="trie nodes of the data")
    parser.add_argument("--tflops", type=float, default=300.0, help="what one device sustains")
    parser.add_argument("--json", action="store_true", help="print the last line only")
    options = parser.parse_args()
    figures = []
    for name, shape in SHAPES.items():
        with tempfile.TemporaryDirectory() as folder:
            Phi3Config(**shape).save_pretrained(folder)
            for processes in PROCESSES:
                found = plan(RECIPES / f"{name}.yaml", Path(folder), options.nodes, processes, options.tflops)
                figures.append(found)
                if not options.json:
                    print(render_plan(found) + "\n")
    command = shlex.join(["python", *sys.orig_argv[1:]])
    print(json.dumps({"machine": machine(), "command": command, "figures": figures}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
