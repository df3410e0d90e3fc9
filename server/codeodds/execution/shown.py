"""What a prompt shows of its function: its name and parameters, and the arguments of the examples in its text."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Arguments = tuple[Any, ...]

SOLUTION = "Solution"
"""The class of a LeetCode answer. Its prompt is the statement alone; its methods are called on a new object each."""

PREAMBLE = (
    "import bisect, collections, copy, functools, heapq, itertools, math, operator, random, re, string, sys\n"
    "from bisect import *\nfrom collections import *\nfrom functools import *\nfrom heapq import *\n"
    "from itertools import *\nfrom math import *\nfrom typing import *\nfrom builtins import *\n"
)
"""What LeetCode's own judge has imported before a program starts; the builtins last, for the sake of `pow`."""

_NODES = re.compile(r"\b(TreeNode|ListNode|Node)\b")
_LEETCODE_INPUT = re.compile(r"^Input:(.*?)(?=^(?:Output|Explanation|Example|Constraints)\b)", re.MULTILINE | re.DOTALL)
_JSON_WORDS = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Entry:
    """The function that a prompt asks for."""

    name: str
    """``f``, or ``Solution.f``."""
    parameters: tuple[str, ...]
    """Names of the positional parameters, without ``self``; an annotation follows after a colon."""
    preamble: str = ""
    """Source to run before the program."""


def entry_of(prompt: str, completions: Sequence[str] = ()) -> Entry | None:
    """The last function that the prompt begins; if it begins none, the first method of ``Solution`` that most
    completions share. None if there is no such function, or if its arguments are linked nodes.
    """
    found = _functions(_parse(prompt + "\n    pass\n") or _parse(prompt))
    if found:
        return Entry(found[-1].name, _parameters(found[-1]))
    methods: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for completion in completions:
        method = _solution_method(completion)
        if method is not None and not _NODES.search(completion):
            methods[method.name, _parameters(method)[1:]] += 1
    if not methods:
        return None
    (name, parameters), _ = methods.most_common(1)[0]
    return Entry(f"{SOLUTION}.{name}", parameters, PREAMBLE)


def defines_solution(completion: str) -> bool:
    """True for an answer in LeetCode's form, which relies on the imports of its judge."""
    return re.search(rf"^class {SOLUTION}\b", completion, re.MULTILINE) is not None


def example_arguments(prompt: str, name: str) -> list[Arguments]:
    """Arguments of the calls in the prompt's examples, in their order, each once: ``>>> f(1, [2])``, or LeetCode's
    ``Input: n = 1, nums = [2]``. Only literals are read, nothing is run; an example with anything else is passed over.
    """
    found = [*_doctest_calls(prompt, name.rpartition(".")[2]), *_leetcode_inputs(prompt)]
    return list({repr(arguments): arguments for arguments in found}.values())


def doctest_examples(prompt: str, name: str) -> list[tuple[Arguments, Any]]:
    """Calls in the prompt whose result is written under them, as arguments and value: ``>>> f(1)`` above ``2``.

    Only a call alone on its line with literal arguments counts, and only a result that is a literal.
    """
    found = []
    lines = [line.strip() for line in prompt.splitlines()]
    for line, following in pairwise(lines):
        tree = _parse(line[3:].strip()) if line.startswith(">>>") else None
        call = tree.body[0].value if tree is not None and tree.body and isinstance(tree.body[0], ast.Expr) else None
        if not isinstance(call, ast.Call) or call.keywords or ast.unparse(call.func) != name:
            continue
        arguments = _literals(call)
        if arguments is None:
            continue
        try:
            found.append((arguments, ast.literal_eval(following)))
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            continue
    return found


def _doctest_calls(prompt: str, name: str) -> Iterable[Arguments]:
    lines = prompt.splitlines()
    for number, line in enumerate(lines):
        if not line.lstrip().startswith(">>>"):
            continue
        source = line.lstrip()[3:].strip()
        for following in lines[number + 1 :]:
            if not following.lstrip().startswith("..."):
                break
            source += "\n" + following.lstrip()[3:].removeprefix(" ")
        tree = _parse(source)
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                arguments = _literals(node)
                if arguments is not None and not node.keywords:
                    yield arguments


def _leetcode_inputs(prompt: str) -> Iterable[Arguments]:
    for text in _LEETCODE_INPUT.findall(prompt):
        tree = _parse(f"f({' '.join(text.split())})")
        if tree is not None and isinstance(tree.body[0], ast.Expr) and isinstance(tree.body[0].value, ast.Call):
            arguments = _literals(tree.body[0].value)
            if arguments:
                yield arguments


def _literals(call: ast.Call) -> Arguments | None:
    """The values of a call's arguments, those given by name included, in order; None unless all are literals."""
    values = []
    for node in [*call.args, *(keyword.value for keyword in call.keywords)]:
        try:
            values.append(ast.literal_eval(_without_json_words(node)))
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return None
    return tuple(values)


def _without_json_words(node: ast.expr) -> ast.expr:
    class Replace(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return ast.Constant(_JSON_WORDS[node.id]) if node.id in _JSON_WORDS else node

    replaced: ast.expr = Replace().visit(node)
    return replaced


def _solution_method(source: str) -> ast.FunctionDef | None:
    tree = _parse(source)
    for node in tree.body if tree is not None else ():
        if isinstance(node, ast.ClassDef) and node.name == SOLUTION:
            public = [f for f in node.body if isinstance(f, ast.FunctionDef) and not f.name.startswith("_")]
            return public[0] if public else None
    return None


def _functions(tree: ast.Module | None) -> list[ast.FunctionDef]:
    nodes = ast.walk(tree) if tree is not None else ()
    return sorted((node for node in nodes if isinstance(node, ast.FunctionDef)), key=lambda node: node.lineno)


def _parameters(function: ast.FunctionDef) -> tuple[str, ...]:
    names = []
    for argument in [*function.args.posonlyargs, *function.args.args]:
        annotation = "" if argument.annotation is None else f": {ast.unparse(argument.annotation)}"
        names.append(argument.arg + annotation)
    return tuple(names)


def _parse(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
