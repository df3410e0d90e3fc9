"""LiveCodeBench's JSON lines: public tests as JSON, private ones also packed (base64, zlib, pickle of a JSON text).

Source: Jain et al., arXiv 2403.07974. The statements belong to the contests that they come from.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import pickle
import zlib
from typing import Any

from codeodds.execution.verdict import Call
from codeodds_trainer.data.problems.apps import TAKEN_FOR_GRANTED, signature_of
from codeodds_trainer.data.problems.problem import MalformedProblem, Problem, need
from codeodds_trainer.data.problems.prompt import function_prompt, main_prompt, typing_import

MOST_BYTES = 512 * 2**20
"""A packed text that unpacks to more is refused."""


def read_row(row: Any) -> Problem:
    """A problem from one object.

    Raises: MalformedProblem.
    """
    question = need(row, "question_content")
    starter_code = row.get("starter_code") or ""
    cases = _cases(need(row, "public_test_cases")) + _cases(row.get("private_test_cases") or "[]")
    if not cases:
        raise MalformedProblem("it has no tests")
    kinds = {need(case, "testtype") for case in cases}
    common = {
        "problem_id": f"livecodebench/{need(row, 'question_id')}",
        "source": "LiveCodeBench",
        "licence": "see the contest",
        "split": "test",
        "difficulty": str(row.get("difficulty", "")),
        "statement": question,
        "starter_code": starter_code,
        "preamble": TAKEN_FOR_GRANTED,
    }
    if kinds == {"stdin"}:
        prompt, epilogue = main_prompt(question)
        inputs, outputs = ([need(case, name) for case in cases] for name in ("input", "output"))
        return Problem(**common, prompt=prompt, epilogue=epilogue, inputs=inputs, outputs=outputs)
    if kinds != {"functional"}:
        raise MalformedProblem(f"its tests are of the types {sorted(kinds)}")
    name = need(_json(row.get("metadata") or "{}", "metadata"), "func_name")
    signature, entry_point = signature_of(name, starter_code, [])
    return Problem(
        **common,
        prompt=function_prompt(typing_import(signature) + signature, question),
        entry_point=entry_point,
        calls=[
            Call(
                arguments=[_json(line, "input") for line in need(case, "input").split("\n") if line.strip()],
                accepted=[_json(need(case, "output"), "output")],
            )
            for case in cases
        ],
    )


class _TextOnly(pickle.Unpickler):
    """Unpickles plain values; a pickle that names any class or function is refused."""

    def find_class(self, module: str, name: str) -> Any:
        raise MalformedProblem("its private tests hold something else than text")


def _cases(text: str) -> list[Any]:
    try:
        cases = json.loads(text)
    except ValueError:
        cases = _json(_unpack(text), "private_test_cases")
    if not isinstance(cases, list):
        raise MalformedProblem("its tests are no list")
    return cases


def _unpack(text: str) -> str:
    try:
        packed = base64.b64decode(text, validate=True)
        unpacker = zlib.decompressobj()
        content = unpacker.decompress(packed, MOST_BYTES)
        if unpacker.unconsumed_tail:
            raise MalformedProblem("its private tests are too large")
        value = _TextOnly(io.BytesIO(content)).load()
    except (binascii.Error, zlib.error, pickle.UnpicklingError, ValueError, EOFError, IndexError, KeyError) as error:
        raise MalformedProblem(f"its private tests cannot be unpacked ({type(error).__name__})") from None
    if not isinstance(value, (str, bytes)):
        raise MalformedProblem("its private tests hold something else than text")
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def _json(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise MalformedProblem(f"`{name}` is not valid JSON") from None
