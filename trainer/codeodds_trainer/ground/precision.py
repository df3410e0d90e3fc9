"""In which floating-point type a device multiplies matrices fastest.

bfloat16 halves the work of a GPU, and of a CPU that has instructions for it. A CPU without them emulates it: on an AMD
EPYC with AVX2 alone a product took six times as long as in float32.
"""

from __future__ import annotations

import torch


def multiplies_bfloat16(device: torch.device | str) -> bool:
    """True if the device has instructions for bfloat16 products. Every accelerator that torch supports is taken to."""
    if torch.device(device).type != "cpu":
        return True
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, name, lambda: False)()) for name in checks)


def compute_dtype(device: torch.device | str) -> torch.dtype:
    """bfloat16 where the device multiplies it by itself, else float32."""
    return torch.bfloat16 if multiplies_bfloat16(device) else torch.float32
