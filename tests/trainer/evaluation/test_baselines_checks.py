"""Baselines without a language model: static checks, and agreement through the real sandbox."""

from __future__ import annotations

import pytest

from codeodds_trainer.evaluation.baselines import agreement, static_checks
from codeodds_trainer.evaluation.baselines.agreement import agreement_scores, observe_problems
from codeodds_trainer.evaluation.baselines.measure import AGREEMENT, STATIC, measure_baselines
from codeodds_trainer.evaluation.baselines.options import NAMES, BaselineOptions
from codeodds_trainer.evaluation.baselines.static_checks import DOES_NOT_PARSE, run_static_checks, static_score
from codeodds_trainer.evaluation.baselines.store import ValueStore, scored_program
from codeodds_trainer.ground.labelled import LabelledProblem, LabelledProgram
from codeodds_trainer.ground.scoring import ScoredSet, text_key

PROMPT = 'def largest(values):\n    """Return the largest value.\n\n    >>> largest([1, 5, 3])\n    5\n    """\n'


def problem(*completions, prompt=PROMPT, name="p/1"):
    programs = tuple(LabelledProgram(text, index == 0, "g") for index, text in enumerate(completions))
    return LabelledProblem(name, "test", "toy", prompt, programs)


def scores(problems, marks, ties=None):
    return [row.values[0] for row in agreement_scores(problems, marks, ties).rows]


@pytest.mark.parametrize(
    ("source", "score"),
    [
        ("def f(x):\n    return x\n", 0),
        ("def f(x):\n    return y\n", -1),
        ("def f(x):\n    a = y\n    return math.sqrt(a) + z\n", -3),
        ("def f(x):\n    n += 1\n    return n\n", -1),
        ("import os\ndef f(x):\n    unused = 1\n    return x\n", 0),
        ("def f(x):\n    return [i for i in x] + i\n", -1),
        ("def f(x:\n    return x\n", DOES_NOT_PARSE),
        ("return 1\n", DOES_NOT_PARSE),
        ("def f(x):\n    return x\n\0", DOES_NOT_PARSE),
        ("from math import *\ndef f(x):\n    return sqrt(x)\n", 0),
        ("def f():\n" + "".join(f"    print(n{i})\n" for i in range(1500)), DOES_NOT_PARSE + 1),
        ("def f():\n    return " + " + ".join(f"n{i}" for i in range(1500)) + "\n", 0),
    ],
)
def test_static_scores_by_hand(source, score):
    assert static_score(source) == score


def test_an_answer_for_leetcode_may_use_what_its_judge_imports():
    body = "class Solution:\n    def f(self, x: List[int], t: Optional[TreeNode]):\n        return heappop(x) + {}\n"
    item = problem(body.format("1"), body.format("nothing"), prompt='"""Pop."""\n\n\n')
    assert [static_score(item.prompt + p.completion, static_checks.leetcode_names()) for p in item.programs] == [0, -1]


def test_static_checks_are_kept_and_not_repeated(tmp_path, monkeypatch):
    item = problem("    return max(values)\n", "    return maximum(values)\n", "    return max(values\n")
    path = tmp_path / "static.jsonl"
    run_static_checks([item], ValueStore(path))
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    run_static_checks([item], ValueStore(path))
    assert path.read_bytes() == whole
    monkeypatch.setattr(static_checks, "static_score", lambda *_: pytest.fail("checked again"))
    store = ValueStore(path)
    run_static_checks([item], store)
    assert [row.values for row in store.scored([item]).rows] == [[0.0], [-1.0], [DOES_NOT_PARSE]]


RIGHT = ("    return max(values)\n", "    return sorted(values)[-1]\n", "    best = max(values)\n    return best\n")
WRONG = ("    return values[0]\n", "    return min(values)\n")
RAISES = "    return values.largest\n"
LOOPS = "    while True:\n        pass\n"


def test_right_answers_agree_and_wrong_ones_differ(tmp_path):
    item = problem(*RIGHT, *WRONG, RAISES, "    return max(values\n")
    marks = observe_problems([item], tmp_path / "agreement.jsonl")
    share = 1 / 7
    assert scores([item], marks) == pytest.approx([3 * share] * 3 + [share] * 2 + [0, 0])


def test_programs_of_a_problem_agree_across_its_prompts(tmp_path):
    one = problem(RIGHT[0], WRONG[0])
    other = problem(RIGHT[1].replace("values", "items"), prompt=PROMPT.replace("values", "items"))
    marks = observe_problems([one, other], tmp_path / "agreement.jsonl")
    assert scores([one, other], marks) == pytest.approx([2 / 3, 1 / 3, 2 / 3])


def test_ties_may_be_broken_by_another_score(tmp_path):
    item = problem(*RIGHT, *WRONG)
    marks = observe_problems([item], tmp_path / "agreement.jsonl")
    values = [-1.0, -3.0, -2.0, -0.5, -9.0]
    other = ScoredSet([scored_program(item, p, [v]) for p, v in zip(item.programs, values, strict=True)])
    broken = scores([item], marks, other)
    assert sorted(range(5), key=broken.__getitem__) == [4, 3, 1, 2, 0]
    assert broken == pytest.approx(scores([item], marks), abs=1e-3)


def test_a_program_that_never_ends_costs_its_own_score_only(tmp_path):
    item = problem(RIGHT[0], RIGHT[1], LOOPS)
    marks = observe_problems([item], tmp_path / "agreement.jsonl")
    assert scores([item], marks) == pytest.approx([2 / 3, 2 / 3, 0])


def test_a_killed_run_goes_on_and_runs_nothing_twice(tmp_path, monkeypatch):
    items = [problem(*RIGHT[:2], name="p/1"), problem(*RIGHT[:2], name="p/2", prompt=PROMPT.replace("5, 3", "5, 4"))]
    path = tmp_path / "agreement.jsonl"
    marks = observe_problems(items, path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-4])
    judged = []
    real = agreement.Pool.judge
    monkeypatch.setattr(agreement.Pool, "judge", lambda self, jobs, done: real(self, judged.append(jobs) or jobs, done))
    assert observe_problems(items, path) == marks
    assert [len(jobs) for jobs in judged] == [2]
    assert path.read_bytes() == whole
    assert observe_problems(items, path) == marks
    assert len(judged) == 1


def test_a_new_program_runs_alone_and_joins_its_cluster(tmp_path):
    path = tmp_path / "agreement.jsonl"
    observe_problems([problem(RIGHT[0], WRONG[0])], path)
    item = problem(RIGHT[0], WRONG[0], RIGHT[1])
    marks = observe_problems([item], path)
    assert scores([item], marks) == pytest.approx([2 / 3, 1 / 3, 2 / 3])
    assert [line.count(b":") for line in path.read_bytes().splitlines()] == [2, 1]


def test_a_prompt_without_a_function_is_not_covered(tmp_path):
    item = problem("x = 1\n", "x = 2\n", prompt="# A script.\n")
    assert observe_problems([item], tmp_path / "agreement.jsonl") == {}
    assert agreement_scores([item], {}).rows == []


def test_measured_together_they_cover_the_problems_of_both_labels(tmp_path):
    one_label = LabelledProblem("p/2", "test", "toy", PROMPT, (LabelledProgram(RIGHT[0], True, "g"),))
    script = problem("x = 1\n", "x = 2\n", prompt="# A script.\n", name="p/3")
    said = []
    options = BaselineOptions(("static", "agreement"))
    found = measure_baselines({"toy": [problem(*RIGHT), one_label, script]}, options, tmp_path, said.append)["toy"]
    texts = [text_key(problem(*RIGHT), program) for program in problem(*RIGHT).programs]
    assert [row.text for row in found[AGREEMENT].scored.rows] == texts
    assert [row.text for row in found[STATIC].scored.rows][:3] == texts
    assert found[STATIC].complete
    assert not found[AGREEMENT].complete
    assert said == [
        "toy: agreement covers 3 of 5 programs; the others' prompts show no function to call, or none that takes plain "
        "values"
    ]


def test_the_command_line_offers_every_baseline():
    from codeodds_trainer.cli.main import evaluate

    option = next(parameter for parameter in evaluate.params if parameter.name == "baselines")
    assert set(option.type.choices) == {*NAMES, "all"}
