"""Right code with errors injected: package lists, wheels, functions as an editor cuts them, equal-length errors,
mutants that fail, and both commands.
"""

from __future__ import annotations

import ast
import json
import zipfile
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from codeodds.bundle.tokenization import CodeTokenizer
from codeodds.execution.pool import Pool
from codeodds.types import ScoringUnit
from codeodds_trainer.cli.main import cli
from codeodds_trainer.data.injection.alternatives import likely_alternatives
from codeodds_trainer.data.injection.collect import Limits, collect_functions
from codeodds_trainer.data.injection.package_list import Package, read_package_list
from codeodds_trainer.data.injection.packages import read_package
from codeodds_trainer.data.injection.pairs import ORIGINAL, InjectedRow, equal_length_errors
from codeodds_trainer.data.injection.solved import Solved, completion_of_reference, mutants_that_fail
from codeodds_trainer.data.problems.problem import Problem
from codeodds_trainer.ground.artefact import is_sealed
from codeodds_trainer.ground.base_model import BaseModelSource
from codeodds_trainer.ground.errors import DataError
from codeodds_trainer.ground.labelled import read_problems
from codeodds_trainer.ground.language_model import LanguageModel
from tests.policy.project import ROOT
from tests.trainer.tiny_models import save_base

TOKENIZER = ROOT / "models" / "default" / "tokenizer.json"
CODE = '''"""A module."""
import math


class Ring:
    def area(self, inner, outer):
        """The area between two circles."""
        if inner > outer:
            raise ValueError("the inner circle is the larger one")
        return math.pi * (outer * outer - inner * inner)

    def stub(self):
        raise NotImplementedError


def tiny(a):
    return a


def test_of_area(inner, outer):
    ring = Ring()
    total = ring.area(inner, outer) + ring.area(inner, outer) + ring.area(outer, outer)
    return total
'''
PACKAGE = Package(name="rings", version="1.0", licence="MIT", split="valid", most=5)


@pytest.fixture(scope="module")
def tokenizer():
    return CodeTokenizer.from_file(TOKENIZER, 4096)


def save_wheel(cache: Path) -> None:
    folder = cache / "rings-1.0"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "rings-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("rings/ring.py", CODE)
        archive.writestr("rings/copy.py", CODE)
        archive.writestr("rings/tests/test_ring.py", CODE.replace("Ring", "Tested"))
        archive.writestr("rings/latin.py", b"name = '\xe9'\n")
        archive.writestr("rings-1.0.dist-info/METADATA", "Name: rings\n")


def save_list(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_the_committed_list_is_split_by_package_and_permissive():
    packages = read_package_list(ROOT / "models" / "packages.yaml")
    assert {package.split for package in packages} == {"train", "valid", "test"}
    assert {package.licence for package in packages} <= {"MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "PSF-2.0"}


def test_the_list_for_measuring_has_nothing_to_train_on():
    packages = read_package_list(ROOT / "models" / "packages-2026.yaml")
    assert Counter(package.split for package in packages) == {"valid": 22, "test": 36}
    assert {package.licence for package in packages} <= {"MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "ISC"}
    trained_on = read_package_list(ROOT / "models" / "packages.yaml")
    assert not {package.name for package in packages} & {package.name for package in trained_on}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- {name: a, version: '1', licence: MIT, split: dev}", "split"),
        ("- {name: a, licence: MIT, split: train}", "a needs a `version`"),
        ("- {name: stdlib, version: '3', licence: PSF-2.0, split: train}", "stdlib needs a `version`, unless"),
        ("- &a {name: a, version: '1', licence: MIT, split: train}\n- *a", "a stands there twice"),
        ("- [", "packages.yaml"),
    ],
)
def test_a_wrong_list_is_one_error_that_names_the_place(text, message, tmp_path):
    with pytest.raises(DataError, match=message):
        read_package_list(save_list(tmp_path / "list.yaml", text))


def test_a_package_gives_its_code_and_neither_tests_nor_other_encodings(tmp_path):
    save_wheel(tmp_path)
    assert [path for path, _ in read_package(PACKAGE, tmp_path)] == ["rings/copy.py", "rings/ring.py"]


def test_a_wheel_that_is_none_is_an_error_that_says_what_to_do(tmp_path):
    (tmp_path / "rings-1.0").mkdir()
    (tmp_path / "rings-1.0" / "rings.whl").write_bytes(b"not a wheel")
    with pytest.raises(DataError, match=r"rings\.whl.*delete it"):
        list(read_package(PACKAGE, tmp_path))


def test_functions_are_cut_as_an_editor_cuts_them_and_copies_count_once(tokenizer, tmp_path):
    save_wheel(tmp_path)
    (found,) = collect_functions(PACKAGE, read_package(PACKAGE, tmp_path), tokenizer, Limits())
    assert found.problem_id == "rings/rings/copy.py:Ring.area"
    assert found.unit.problem.startswith("import math\n")
    assert '"""The area between two circles."""' in found.unit.problem
    assert found.unit.solution.startswith("        if inner > outer:\n")
    assert ast.parse(found.unit.text)
    none = Limits(least_solution_tokens=200, solution_tokens=300)
    assert collect_functions(PACKAGE, read_package(PACKAGE, tmp_path), tokenizer, none) == []


UNIT = ScoringUnit(
    "def area(inner, outer):\n",
    "    if inner > outer:\n        return 'no'\n    return outer * outer - inner * inner\n",
)


def test_errors_are_as_long_as_the_original_and_mean_something_else(tokenizer):
    alternatives = [
        UNIT.solution.replace("'no'", "'na'"),  # Another message is no error.
        UNIT.solution.replace("- inner", "+ outer + inner"),  # Longer.
        UNIT.solution.replace("- inner", "/ inner"),
        UNIT.solution.replace("if inner", "while inner"),
    ]
    errors = equal_length_errors(UNIT, tokenizer, 2, "seed", alternatives)
    mutants = [error for error in errors if error.kind != "alternative"]
    assert len(mutants) == 2
    assert len({mutant.kind for mutant in mutants}) == 2
    assert [error.completion for error in errors if error.kind == "alternative"] == alternatives[2:]
    length = len(tokenizer.encode(UNIT).ids)
    assert {len(tokenizer.encode(ScoringUnit(UNIT.problem, error.completion)).ids) for error in errors} == {length}
    assert errors == equal_length_errors(UNIT, tokenizer, 2, "seed", alternatives)


def test_alternatives_change_one_whole_token_each(tmp_path):
    model = LanguageModel(BaseModelSource(str(save_base(tmp_path / "base", "qwen2", initializer_range=0.5))), 400)
    found = likely_alternatives(model, UNIT)
    assert found
    assert len(found) == len(set(found)) <= 12
    for solution in found:
        assert solution != UNIT.solution
        same_start = next(i for i, (a, b) in enumerate(zip(solution, UNIT.solution, strict=False)) if a != b)
        rest = max(
            length
            for length in range(len(UNIT.solution) - same_start)
            if length == 0 or solution.endswith(UNIT.solution[-length:])
        )
        # Between the same start and the same rest stands one token.
        assert len(UNIT.solution) - same_start - rest <= 16


PROBLEM = Problem(
    problem_id="toy/1",
    prompt='def larger(a, b):\n    """The larger of two numbers."""\n',
    source="toy",
    licence="MIT",
    split="test",
    entry_point="larger",
    tests=["assert larger(1, 2) == 2", "assert larger(3, 2) == 3"],
    references=["def larger(a, b):\n    if a > b:\n        return a\n    return b\n"],
)


def test_a_reference_becomes_a_completion_if_it_fits_the_prompt():
    assert completion_of_reference(PROBLEM) == "    if a > b:\n        return a\n    return b\n"
    for reference in (
        "def larger(x, y):\n    return max(x, y)\n",  # Other parameters.
        "LIMIT = 3\ndef larger(a, b):\n    return max(a, b)\n",  # Something before it.
        "import math\ndef larger(a, b):\n    return max(a, b)\n",  # An import that the prompt lacks.
        "def larger(a, b): return max(a, b)\n",  # No body of its own.
        "def larger(a, b:\n",
    ):
        assert completion_of_reference(msgspec.structs.replace(PROBLEM, references=[reference])) is None


def test_mutants_fail_and_a_wrong_program_makes_none():
    right = Solved(PROBLEM, completion_of_reference(PROBLEM), "reference")
    wrong = Solved(PROBLEM, "    return a\n", "policy-0")
    with Pool(1) as pool:
        (rows,) = list(mutants_that_fail([right, wrong], 3, 0, pool))
    assert {row.problem_id for row in rows} == {"toy/1~reference"}
    assert [row.completion for row in rows if row.passed] == [right.completion]
    assert len(rows) == 4
    space: dict = {}
    for row in rows:
        exec(row.prompt + row.completion, space)  # The test's own text, in its own process.
        try:
            held = space["larger"](1, 2) == 2 and space["larger"](3, 2) == 3
        except TypeError:
            held = False
        assert held is row.passed
        assert (row.generator == ORIGINAL) is row.passed


def test_the_command_packages_writes_pairs_and_goes_on_where_it_was_killed(tmp_path):
    save_wheel(tmp_path / "downloads")
    listed = save_list(tmp_path / "list.yaml", "- {name: rings, version: '1.0', licence: MIT, split: valid, most: 5}\n")
    out = tmp_path / "packages.jsonl"
    arguments = ["packages", str(listed), "--tokenizer", str(TOKENIZER), "--out", str(out)]
    arguments += ["--downloads", str(tmp_path / "downloads")]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "valid: 1 right programs" in result.output
    first = out.read_bytes()
    rows = [msgspec.json.decode(line, type=InjectedRow) for line in first.splitlines()]
    assert [row.passed for row in rows].count(True) == 1
    assert {row.source for row in rows} == {"rings 1.0"}
    assert is_sealed(out)
    (problem,) = read_problems(out, ["valid"])
    assert problem.mixed
    out.write_bytes(first + b'{"problem_id": "torn')
    CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert out.read_bytes() == first


def test_the_command_mutants_reads_references_and_right_programs(tmp_path):
    problems = tmp_path / "problems.jsonl"
    problems.write_bytes(msgspec.json.encode(PROBLEM) + b"\n")
    programs = tmp_path / "programs.jsonl"
    row = {"problem_id": "toy/1", "split": "test", "prompt": PROBLEM.prompt, "generator": "policy"}
    completions = {"    return a if a >= b else b\n": True, "    return b\n": False}
    programs.write_text(
        "".join(
            json.dumps({**row, "completion": text, "passed": passed}) + "\n" for text, passed in completions.items()
        )
    )
    out = tmp_path / "mutants.jsonl"
    arguments = ["mutants", str(problems), "--programs", str(programs), "--out", str(out), "--workers", "1"]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    found = read_problems(out, ["test"])
    assert sorted(problem.problem_id for problem in found) == ["toy/1~policy-0", "toy/1~reference"]
    assert all(problem.mixed for problem in found)
