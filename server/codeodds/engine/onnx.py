"""The only file that knows onnxruntime. Numpy in, numpy out.

Importing it loads onnxruntime, which takes a good part of a second: `scorer.open_scorer` does so when it is called.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from codeodds.bundle.manifest import Graph
from codeodds.engine.api import Cancellation
from codeodds.engine.keyvalues import KeyValues
from codeodds.engine.memory import MappedFiles
from codeodds.errors import MORE_MEMORY, BundleUnsupported, EngineError, Superseded
from codeodds.types import FloatArray, IntArray

_SILENT = 4
"""Log severity "fatal": failures are raised as errors, and an editor's log is no place for a copy of them."""

_RUNTIME_ERRORS = (
    ort_errors.EPFail,
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NoModel,
    ort_errors.NoSuchFile,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
    MemoryError,
    RuntimeError,
)

_NO_MEMORY = (
    "bad_alloc",
    "ailed to allocate",
    "allocate memory",
    "paging file",
    "not enough memory",
    "Not enough memory",
)
"""What its messages hold where memory is short: the C++ library's, its own allocator's, Linux', Windows'."""

_MAPPED = (".bin", ".onnx")
"""Files of a bundle that the runtime reads from while it runs."""

_AGAIN = "export the bundle again with this version's trainer"

LOG_PROBABILITIES = "log_probabilities"

_INTEGER, _FLOAT = "tensor(int64)", "tensor(float)"
_TOKEN_INPUTS = ("input_ids", "attention_mask", "position_ids")
_Tensor = tuple[str, tuple[int | None, ...]]
"""Type and sizes."""
_KV_TYPES = {"float32": _FLOAT, "float16": "tensor(float16)"}


class OnnxModel:
    """A decoder graph with a value output and a key/value cache, as the manifest describes it."""

    def __init__(self, path: Path, graph: Graph, threads: int) -> None:
        """Open the graph and compare its tensors with the manifest.

        `threads`: threads of one matrix product. More than the machine's free cores make a run slower.

        Raises: BundleUnsupported for a graph that cannot be run, or whose tensors are not those of the manifest;
        EngineError if the memory is too short for it.
        """
        self._graph = graph
        self._mapped = MappedFiles(file for file in path.parent.iterdir() if file.suffix in _MAPPED)
        try:
            self._session = ort.InferenceSession(str(path), _options(threads), providers=["CPUExecutionProvider"])
        except _RUNTIME_ERRORS as error:
            place = f"{path}: onnxruntime {ort.__version__}"
            if is_out_of_memory(error):
                raise EngineError(f"{place} has too little memory for this graph; {MORE_MEMORY}") from error
            raise BundleUnsupported(
                f"{place} cannot open this graph ({_first_line(error)}); upgrade onnxruntime or export the bundle again"
            ) from error
        layers = range(graph.layers)
        self._past = [f"past_key_values.{i}.{kind}" for i in layers for kind in ("key", "value")]
        self._present = [f"present.{i}.{kind}" for i in layers for kind in ("key", "value")]
        self._check_tensors(path)

    def empty_memory(self, batch: int = 1) -> KeyValues:
        """The keys and values of no tokens."""
        graph = self._graph
        return KeyValues.empty(graph.layers, graph.kv_heads, graph.head_size, graph.kv_dtype, batch)

    def run(
        self, ids: IntArray, past: KeyValues, cancellation: Cancellation | None = None
    ) -> tuple[FloatArray, KeyValues]:
        """Run new tokens after those that `past` remembers.

        `ids`: int64 [batch, sequence]. Returns: logits float32 [batch, sequence], and the keys and values of the past
        and the new tokens.

        Raises: Superseded when cancelled, also in the middle of the run; the model stays usable. EngineError if the
        runtime fails; ModelChanged if a file of the bundle was written to since it was opened.
        """
        outputs = self._run(self._feed(ids, past), cancellation or Cancellation(), ["value", *self._present])
        return outputs[0], KeyValues(tuple(outputs[1:]))

    def next_tokens(
        self, ids: IntArray, past: KeyValues, cancellation: Cancellation | None = None
    ) -> tuple[FloatArray, KeyValues]:
        """As `run`, for a graph with log-probabilities. Returns: those of the token behind the last, float32 [batch,
        vocabulary], in place of the logits.
        """
        outputs = self._run(self._feed(ids, past), cancellation or Cancellation(), [LOG_PROBABILITIES, *self._present])
        return outputs[0][:, -1], KeyValues(tuple(outputs[1:]))

    def _feed(self, ids: IntArray, past: KeyValues) -> dict[str, Any]:
        batch, sequence = ids.shape
        total = past.tokens + sequence
        positions = np.arange(past.tokens, total, dtype=np.int64)
        return {
            "input_ids": ids,
            "attention_mask": np.ones((batch, total), dtype=np.int64),
            "position_ids": np.broadcast_to(positions, (batch, sequence)),
            **dict(zip(self._past, past.tensors, strict=True)),
        }

    def _run(self, feed: dict[str, Any], cancellation: Cancellation, wanted: list[str]) -> list[Any]:
        self._mapped.check()
        options = ort.RunOptions()
        options.log_severity_level = _SILENT
        # Else a graph with log-probabilities would work them out for every score.
        options.only_execute_path_to_fetches = self._graph.log_probabilities

        def terminate() -> None:
            options.terminate = True

        cancellation.bind(terminate)
        try:
            cancellation.raise_if_cancelled()
            outputs: list[Any] = self._session.run(wanted, feed, options)
            return outputs
        except _RUNTIME_ERRORS as error:
            if cancellation.cancelled:
                raise Superseded("the request was cancelled or a newer version took its place") from error
            tokens = feed["attention_mask"].shape[1]
            if is_out_of_memory(error):
                raise EngineError(f"the memory is too short for {tokens} tokens; {MORE_MEMORY}") from error
            raise EngineError(
                f"onnxruntime failed on {tokens} tokens ({_first_line(error)}); "
                "score again, and if that fails too, export the bundle again"
            ) from error
        finally:
            cancellation.bind(None)

    def _check_tensors(self, path: Path) -> None:
        """docs/training/export.md names the tensors. None stands for a size that the graph must not fix."""
        graph = self._graph
        memory: _Tensor = (_KV_TYPES[graph.kv_dtype], (None, graph.kv_heads, None, graph.head_size))
        inputs: dict[str, _Tensor] = dict.fromkeys(_TOKEN_INPUTS, (_INTEGER, (None, None)))
        inputs |= dict.fromkeys(self._past, memory)
        outputs: dict[str, _Tensor] = {"value": (_FLOAT, (None, None))}
        outputs |= dict.fromkeys(self._present, memory)
        if graph.log_probabilities:
            outputs[LOG_PROBABILITIES] = (_FLOAT, (None, None, graph.vocabulary))
        found_inputs = {entry.name: entry for entry in self._session.get_inputs()}
        found_outputs = {entry.name: entry for entry in self._session.get_outputs()}
        for role, wanted, found in (("input", inputs, found_inputs), ("output", outputs, found_outputs)):
            for name, (kind, shape) in wanted.items():
                problem = _tensor_problem(found.get(name), kind, shape)
                if problem is not None:
                    raise BundleUnsupported(f"{path}: the {role} tensor {name!r} {problem}; {_AGAIN}")
        unknown = sorted(found_inputs.keys() - inputs.keys())
        if unknown:
            raise BundleUnsupported(
                f"{path}: the input tensor {unknown[0]!r} is not one that this version feeds (the manifest says "
                f"{graph.layers} layers); {_AGAIN}"
            )


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _SILENT
    # Idle threads would burn a core between keystrokes.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # The arena keeps the largest run's memory for ever; the allocator of the system gives it back.
    options.enable_cpu_mem_arena = False
    return options


def _tensor_problem(found: Any, kind: str, shape: tuple[int | None, ...]) -> str | None:
    if found is None:
        return "is missing"
    if found.type != kind:
        return f"has type {found.type}, not {kind}"
    sizes = found.shape
    if len(sizes) != len(shape):
        return f"has {len(sizes)} dimensions, not {len(shape)}"
    for axis, (size, wanted) in enumerate(zip(sizes, shape, strict=True)):
        if isinstance(size, int) and size != wanted:
            rule = "it must be free" if wanted is None else f"the manifest says {wanted}"
            return f"has size {size} in dimension {axis}, but {rule}"
    return None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a failure of the runtime comes from the machine or its limits, not from the bundle."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
