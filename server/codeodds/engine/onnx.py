"""The only file that knows onnxruntime. Numpy in, numpy out.

Importing it loads onnxruntime, which takes a good part of a second: `scorer.open_scorer` does so when it is called.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

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

HIDDEN, POSITIONS, LOG_PROBABILITIES = "hidden", "positions", "log_probabilities"

_INTEGER, _FLOAT = "tensor(int64)", "tensor(float)"
_PLACE_INPUTS = ("attention_mask", "position_ids")
_KV_TYPES = {"float32": _FLOAT, "float16": "tensor(float16)"}


class _Tensor(NamedTuple):
    """What an input or output must be."""

    kind: str
    shape: tuple[int | None, ...]
    """None stands for a size that the graph must not fix."""


class OnnxModel:
    """A decoder with a value output and a key/value cache, as the manifest describes it.

    The upper graph, where there is one, is opened when it is first needed: scores do without.
    """

    def __init__(self, path: Path, graph: Graph, threads: int) -> None:
        """Open the graph and compare its tensors with the manifest.

        `threads`: threads of one matrix product. More than the machine's free cores make a run slower.

        Raises: BundleUnsupported for a graph that cannot be run, or whose tensors are not those of the manifest;
        EngineError if the memory is too short for it.
        """
        self._graph = graph
        self._threads = threads
        self._folder = path.parent
        self._mapped = MappedFiles(file for file in path.parent.iterdir() if file.suffix in _MAPPED)
        self._session = _open(path, threads)
        self._past, self._present = _memory_names(graph.layers)
        integers = dict.fromkeys(("input_ids", *_PLACE_INPUTS), _Tensor(_INTEGER, (None, None)))
        outputs = {"value": _Tensor(_FLOAT, (None, None))}
        if graph.upper is not None:
            outputs[HIDDEN] = _Tensor(_FLOAT, (None, None, graph.upper.width))
        _check_tensors(path, self._session, graph, graph.layers, integers, outputs)

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
        feed = self._feed({"input_ids": ids}, self._past, past, None)
        outputs = self._run(self._session, feed, cancellation, ["value", *self._present])
        return outputs[0], KeyValues(tuple(outputs[1:]))

    def run_lower(
        self, ids: IntArray, past: KeyValues, cancellation: Cancellation | None = None, mask: IntArray | None = None
    ) -> tuple[FloatArray, FloatArray, KeyValues]:
        """As `run`, for a bundle with an upper graph: also the hidden states that enter it, float32 [batch, sequence,
        width], between the logits and the memory.

        `mask`: which of the past's tokens each row has, int64 [batch, past], 0 for padding. None: all of them.
        """
        feed = self._feed({"input_ids": ids}, self._past, past, mask)
        outputs = self._run(self._session, feed, cancellation, ["value", HIDDEN, *self._present])
        return outputs[0], outputs[1], KeyValues(tuple(outputs[2:]))

    def run_upper(
        self,
        hidden: FloatArray,
        past: KeyValues,
        positions: IntArray,
        cancellation: Cancellation | None = None,
        mask: IntArray | None = None,
    ) -> tuple[FloatArray, KeyValues]:
        """Run the upper graph on hidden states from `run_lower`, after those that `past` (its own memory) remembers.

        `positions`: int64 [n], which of the sequence to answer for. Returns: log-probabilities of the token behind
        each, float32 [batch, n, vocabulary], and the upper graph's memory. `mask`, errors: as for `run_lower`.

        Raises also: BundleUnsupported for an upper graph that does not fit the manifest.
        """
        session, names, present = self._upper
        feed = self._feed({HIDDEN: hidden}, names, past, mask) | {POSITIONS: positions}
        outputs = self._run(session, feed, cancellation, [LOG_PROBABILITIES, *present])
        return outputs[0], KeyValues(tuple(outputs[1:]))

    def empty_upper_memory(self, batch: int = 1) -> KeyValues:
        """The upper graph's keys and values of no tokens."""
        graph = self._graph
        layers = 0 if graph.upper is None else graph.upper.layers
        return KeyValues.empty(layers, graph.kv_heads, graph.head_size, graph.kv_dtype, batch)

    @cached_property
    def _upper(self) -> tuple[ort.InferenceSession, list[str], list[str]]:
        """The upper graph's session and the names of its memory's inputs and outputs."""
        graph, upper = self._graph, self._graph.upper
        if upper is None:
            raise BundleUnsupported(f"{self._folder}: this bundle holds no language model; {_AGAIN} and one that does")
        path = self._folder / upper.file
        session = _open(path, self._threads)
        inputs = dict.fromkeys(_PLACE_INPUTS, _Tensor(_INTEGER, (None, None)))
        inputs |= {HIDDEN: _Tensor(_FLOAT, (None, None, upper.width)), POSITIONS: _Tensor(_INTEGER, (None,))}
        outputs = {LOG_PROBABILITIES: _Tensor(_FLOAT, (None, None, graph.vocabulary))}
        _check_tensors(path, session, graph, upper.layers, inputs, outputs)
        return session, *_memory_names(upper.layers)

    def _feed(self, new: dict[str, Any], names: list[str], past: KeyValues, mask: IntArray | None) -> dict[str, Any]:
        """What both graphs are fed. `new`: the one input that stands for the new tokens, [batch, sequence, ..]."""
        batch, sequence = next(iter(new.values())).shape[:2]
        if mask is None:
            mask = np.ones((batch, past.tokens), dtype=np.int64)
        return {
            **new,
            "attention_mask": np.pad(mask, ((0, 0), (0, sequence)), constant_values=1),
            "position_ids": mask.sum(axis=1, keepdims=True) + np.arange(sequence, dtype=np.int64),
            **dict(zip(names, past.tensors, strict=True)),
        }

    def _run(
        self,
        session: ort.InferenceSession,
        feed: dict[str, Any],
        cancellation: Cancellation | None,
        wanted: list[str],
    ) -> list[Any]:
        cancellation = cancellation or Cancellation()
        self._mapped.check()
        options = ort.RunOptions()
        options.log_severity_level = _SILENT

        def terminate() -> None:
            options.terminate = True

        cancellation.bind(terminate)
        try:
            cancellation.raise_if_cancelled()
            outputs: list[Any] = session.run(wanted, feed, options)
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


def _open(path: Path, threads: int) -> ort.InferenceSession:
    """Raises: BundleUnsupported, EngineError."""
    try:
        return ort.InferenceSession(str(path), _options(threads), providers=["CPUExecutionProvider"])
    except _RUNTIME_ERRORS as error:
        place = f"{path}: onnxruntime {ort.__version__}"
        if is_out_of_memory(error):
            raise EngineError(f"{place} has too little memory for this graph; {MORE_MEMORY}") from error
        raise BundleUnsupported(
            f"{place} cannot open this graph ({_first_line(error)}); upgrade onnxruntime or export the bundle again"
        ) from error


def _memory_names(layers: int) -> tuple[list[str], list[str]]:
    """Inputs and outputs of a graph's key/value cache, in the order of `KeyValues`."""
    kinds = [(layer, kind) for layer in range(layers) for kind in ("key", "value")]
    return [f"past_key_values.{i}.{kind}" for i, kind in kinds], [f"present.{i}.{kind}" for i, kind in kinds]


def _check_tensors(
    path: Path,
    session: ort.InferenceSession,
    graph: Graph,
    layers: int,
    inputs: dict[str, _Tensor],
    outputs: dict[str, _Tensor],
) -> None:
    """docs/training/export.md names the tensors.

    Raises: BundleUnsupported for one that is not as the manifest says.
    """
    memory = _Tensor(_KV_TYPES[graph.kv_dtype], (None, graph.kv_heads, None, graph.head_size))
    past, present = _memory_names(layers)
    inputs, outputs = inputs | dict.fromkeys(past, memory), outputs | dict.fromkeys(present, memory)
    found_inputs = {entry.name: entry for entry in session.get_inputs()}
    found_outputs = {entry.name: entry for entry in session.get_outputs()}
    for role, wanted, found in (("input", inputs, found_inputs), ("output", outputs, found_outputs)):
        for name, tensor in wanted.items():
            problem = _tensor_problem(found.get(name), tensor)
            if problem is not None:
                raise BundleUnsupported(f"{path}: the {role} tensor {name!r} {problem}; {_AGAIN}")
    unknown = sorted(found_inputs.keys() - inputs.keys())
    if unknown:
        raise BundleUnsupported(
            f"{path}: the input tensor {unknown[0]!r} is not one that this version feeds (the manifest says "
            f"{layers} layers); {_AGAIN}"
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


def _tensor_problem(found: Any, wanted: _Tensor) -> str | None:
    kind, shape = wanted
    if found is None:
        return "is missing"
    if found.type != kind:
        return f"has type {found.type}, not {kind}"
    sizes = found.shape
    if len(sizes) != len(shape):
        return f"has {len(sizes)} dimensions, not {len(shape)}"
    for axis, (size, meant) in enumerate(zip(sizes, shape, strict=True)):
        if isinstance(size, int) and size != meant:
            rule = "it must be free" if meant is None else f"the manifest says {meant}"
            return f"has size {size} in dimension {axis}, but {rule}"
    return None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a failure of the runtime comes from the machine or its limits, not from the bundle."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
