"""What made a run, beside recipe and data: enough to make it again, or to know why it came out differently."""

from __future__ import annotations

import json
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from codeodds_trainer.ground.disk import write_whole
from codeodds_trainer.training.processes import Processes

PACKAGES = ("codeodds", "torch", "transformers", "accelerate", "peft", "tokenizers", "numpy", "scipy")


def record_environment(path: Path, processes: Processes) -> None:
    """Write versions, devices and the command to a JSON file. The same recipe, data, versions and kind of device give
    the same weights to the bit.
    """
    device = processes.device
    content = {
        "command": ["codeodds-train", *sys.argv[1:]],
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "machine": platform.machine(),
        "cuda": torch.version.cuda,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "processes": processes.count,
        "distributed": str(processes.accelerator.distributed_type),
    }
    write_whole(path, json.dumps(content, indent=2).encode() + b"\n")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
