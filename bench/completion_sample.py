"""Places in functions of the standard library where the author wrote a name, and what an editor would have asked there.

None of the functions was read in training: the 120 that `codeodds-train packages` takes are chosen anew and left out.
"""

from __future__ import annotations

import ast
import hashlib
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from codeodds.bundle.tokenization import CodeTokenizer
from codeodds.errors import UnitError
from codeodds.source.functions import Function, find_functions, unscored_because
from codeodds_trainer.data.injection.collect import Limits, collect_functions
from codeodds_trainer.data.injection.package_list import STDLIB, read_package_list
from codeodds_trainer.data.injection.packages import read_package

PACKAGES = Path(__file__).parents[1] / "models" / "packages.yaml"
LIMITS = Limits()
"""Functions of these lengths are sampled: those that training takes."""

PLACES = 2
"""Of names and of attributes, at most so many in a function."""

NAME, DOT, ATTRIBUTE = "name, one letter typed", "attribute, at the dot", "attribute, one letter typed"


@dataclass(frozen=True, slots=True)
class Place:
    """One request of an editor, and what the author wrote there."""

    name: str
    """Path, function, line, character and kind: where the request belongs."""
    function: str
    kind: str
    path: Path
    before: str
    """The module up to the cursor, what is typed of the name included."""
    behind: str
    """The module behind the function: what follows the cursor within it is not written yet."""
    written: str
    """The author's name."""


def sample(tokenizer: CodeTokenizer, functions: int) -> list[Place]:
    """The places of so many functions that have any, always the same ones, by a hash; those of a function in order."""
    package = next(one for one in read_package_list(PACKAGES) if one.name == STDLIB)
    files = dict(read_package(package, Path()))
    trained = {found.unit.solution for found in collect_functions(package, files.items(), tokenizer, LIMITS)}
    found = [
        (_hash(f"{path}:{function.name}:{function.line}"), path, function)
        for path, text in files.items()
        for function in find_functions(text)
        if unscored_because(function) is None and function.unit.solution not in trained
    ]
    places: list[Place] = []
    seen = 0
    for _, path, function in sorted(found, key=lambda item: item[0]):
        if seen == functions:
            break
        of_function = list(_places(path, files[path], function)) if _fits(function, tokenizer) else []
        places += of_function
        seen += bool(of_function)
    return places


def _fits(function: Function, tokenizer: CodeTokenizer) -> bool:
    try:
        encoded = tokenizer.encode(function.unit)
    except UnitError:
        return False
    solution = len(encoded.ids) - encoded.solution_start
    in_range = LIMITS.least_solution_tokens <= solution <= LIMITS.solution_tokens
    return in_range and encoded.solution_start <= LIMITS.problem_tokens


def _places(path: str, text: str, function: Function) -> Iterator[Place]:
    lines = text.split("\n")
    behind = "\n" + "\n".join(lines[function.end_line + 1 :])
    spots = sorted(_spots(text, lines, function), key=lambda spot: _hash(f"{path}:{spot}"))
    chosen = [spot for kind in (False, True) for spot in [spot for spot in spots if spot[3] is kind][:PLACES]]
    for line, character, written, is_attribute in sorted(chosen):
        start = "\n".join([*lines[:line], lines[line][:character]])
        for kind in (DOT, ATTRIBUTE) if is_attribute else (NAME,):
            typed = "" if kind == DOT else written[0]
            owner = f"{path}:{function.name}:{function.line}"
            name = f"{owner}:{line}:{character}:{kind}"
            library = Path(sysconfig.get_paths()["stdlib"])
            yield Place(name, owner, kind, library / path, start + typed, behind, written)


def _spots(text: str, lines: list[str], function: Function) -> Iterator[tuple[int, int, str, bool]]:
    """Line, character and text of each name that is read in the solution and of each attribute, and whether it is one.

    Names of a single letter are left out: one letter typed is all of them.
    """
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            line, end, written, is_attribute = node.lineno - 1, node.end_col_offset, node.id, False
        elif isinstance(node, ast.Attribute):
            line, end, written, is_attribute = (node.end_lineno or 0) - 1, node.end_col_offset, node.attr, True
        else:
            continue
        if function.solution_line <= line <= function.end_line and len(written) > 1:
            character = len(lines[line].encode()[:end].decode("utf-8", "ignore")) - len(written)
            # Within an f-string the tree's places are not those of the text.
            if lines[line][character : character + len(written)] == written and character >= 0:
                yield line, character, written, is_attribute


def _hash(text: str) -> str:
    return hashlib.sha256(f"completion/{text}".encode("utf-8", "surrogatepass")).hexdigest()
