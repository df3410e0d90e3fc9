"""Programs in other styles: what exactly they become, and that they compute what they computed."""

from __future__ import annotations

import ast
import json
import re

import pytest

from codeodds_trainer.ground.errors import RecipeError
from codeodds_trainer.ground.labelled import LabelledProblem, LabelledProgram
from codeodds_trainer.ground.recipe import STYLE_NAMES, StylesSection, read_recipe
from codeodds_trainer.styles.examples import strip_examples
from codeodds_trainer.styles.names import WORDS, new_names
from codeodds_trainer.styles.rewrite import STYLES, Rewritten, drawn, restyle, restyle_problem
from codeodds_trainer.styles.source import parse_program
from codeodds_trainer.training.fit import load_data
from tests.trainer.tiny_models import save_programs, save_recipe

PROMPT = '''from typing import List


def spread(values: List[int], scale: int = 2, *, start: float = (0)) -> List[int]:
    """Scale what is above the mean.

    Examples:
        >>> spread([1, 3])
        [6]
        >>> spread([])
        []

    Order is kept.
    """
'''
BODY = '''    # Nothing to do.
    if not values:
        return []
    total: int = 0  # of all
    for x in values:
        total += x
    mean = total / len(values)
    text = """
# no comment
    é"""
    return spread([], scale) + [v * scale for v in values if v > mean and text]
'''
WRONG = BODY.replace("v > mean", "v < mean")
CALLS = [(([1, 3, 8],), [16]), (([],), []), (([5, 6], 3), [18])]


def programs(*completions):
    return tuple(LabelledProgram(text, number == 0, "policy") for number, text in enumerate(completions))


def problem(*completions, prompt=PROMPT, name="p/1"):
    return LabelledProblem(name, "train", "d", prompt, programs(*completions))


def texts(found):
    return [one.completion for one in found.programs]


def function_of(prompt, completion, name="spread"):
    """The function, or the method of the class that the prompt opens."""
    scope = {}
    exec(compile(prompt + completion, "<toy>", "exec"), scope)
    holder = re.search(r"^class (\w+):$", prompt, re.MULTILINE)
    return getattr(scope[holder[1]](), name) if holder else scope[name]


def test_without_comments():
    found = restyle_problem(problem(BODY, WRONG), ["without-comments"])
    expected = BODY.replace("    # Nothing to do.\n", "").replace("  # of all", "")
    assert texts(found) == [expected, expected.replace("v > mean", "v < mean")]
    assert found.prompt == PROMPT
    assert ast.dump(ast.parse(found.prompt + expected)) == ast.dump(ast.parse(PROMPT + BODY))


def test_without_examples():
    found = restyle_problem(problem(BODY, WRONG), ["without-examples"])
    start, end = PROMPT.index("\n    Examples"), PROMPT.index("\n    Order")
    assert found.prompt == PROMPT[:start] + PROMPT[end:]
    assert texts(found) == [BODY, WRONG]


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("Add.\n\n    >>> f(1)\n    2\n    ", "Add.\n    "),
        ("Add.\n\n    Examples\n    --------\n    >>> f(1)\n    2\n\n    >>> f(2)\n    3\n    ", "Add.\n    "),
        ("Add.\n    For example:\n\n    >>> f(1)\n    2\n\n    Done.", "Add.\n\n    Done."),
        ("Add.", None),
        ("\n    >>> f(1)\n    2\n    ", None),
    ],
)
def test_examples_go_with_their_heading(body, left):
    assert strip_examples(body) == left


def test_without_hints():
    found = restyle_problem(problem(BODY, WRONG), ["without-hints"])
    signature = "def spread(values, scale=2, *, start=(0)):\n"
    assert found.prompt == re.sub(r"def .*\n", signature, PROMPT)
    assert texts(found) == [BODY.replace("total: int = 0", "total = 0"), WRONG.replace("total: int = 0", "total = 0")]


def test_hints_that_something_may_read_stay():
    prompt = "def f(a):\n"
    inner = "    def g(b: Missing):\n        return b\n    self.x: int = 3\n    y: int\n    return g\n"
    assert restyle_problem(problem(inner, "    return a\n", prompt=prompt), ["without-hints"]) is None
    decorated = "@dispatch\ndef f(a: int) -> int:\n"
    assert restyle_problem(problem("    return a\n", "    return 0\n", prompt=decorated), ["without-hints"]) is None


def test_renamed_variables_have_one_new_name_in_all_programs():
    found = restyle_problem(problem(BODY, WRONG), ["renamed"])
    # The docstring speaks of the mean, so that this name stays.
    expected = """    # Nothing to do.
    if not values:
        return []
    w: int = 0  # of all
    for val in values:
        w += val
    mean = w / len(values)
    count = \"\"\"
# no comment
    é\"\"\"
    return spread([], scale) + [best * scale for best in values if best > mean and count]
"""
    assert texts(found) == [expected, expected.replace("best > mean", "best < mean")]
    assert found.prompt == PROMPT
    assert {"w", "val", "count", "best"} < set(WORDS)
    other = restyle_problem(problem(BODY, WRONG, name="p/2"), ["renamed"])
    assert texts(other) != texts(found)


def test_new_names_are_free_and_different():
    old = {f"name{number}" for number in range(100)}
    new = new_names(old, {*old, *WORDS[:10]}, "p/1")
    assert set(new) == old
    assert len(set(new.values())) == 100
    assert not set(new.values()) & {*old, *WORDS[:10]}
    assert new_names(old, {*old, *WORDS[:10]}, "p/1") == new
    assert new_names(old, {*old, *WORDS[:10]}, "p/2") != new


def test_a_name_is_kept_if_another_program_means_something_else_by_it():
    """`total` is undefined in the second; in the third `seen` is a parameter, `each` an attribute, `word` a remark."""
    prompt = "def f(a):\n"
    first = "    total = seen = each = word = a\n    return total, seen, each, word\n"
    second = "    return total\n"
    third = "    def g(seen):\n        return seen.each\n    return g(a)  # a word\n"
    assert restyle_problem(problem(first, second, third, prompt=prompt), ["renamed"]) is None
    alone = restyle_problem(problem(first, "    return a\n", prompt=prompt), ["renamed"])
    new = new_names({"total", "seen", "each", "word"}, {"a", "f"}, "p/1")
    for old, name in new.items():
        first = re.sub(rf"\b{old}\b", name, first)
    assert texts(alone) == [first, "    return a\n"]


@pytest.mark.parametrize(
    "body",
    [
        "    x = a\n    return locals()\n",
        "    x = a\n    return f'{x=}'\n",
        "    global x\n    x = a\n    return x\n",
        "    class B:\n        x = 1\n    return B.x\n",
        "    try:\n        x = 1\n    except E as x:\n        pass\n    return a\n",
        "    from os import *\n    path = a\n    return path\n",
        "    sum = a\n    return sum\n",
    ],
)
def test_a_name_that_is_more_than_a_variable_is_kept(body):
    assert restyle_problem(problem(body, "    return a\n", prompt="def f(a):\n"), ["renamed"]) is None


def test_a_function_as_a_method():
    found = restyle_problem(problem(BODY, WRONG), ["method"])
    head = re.search(r"^class (\w+):\n    def spread\(self, values: List\[int\], scale", found.prompt, re.MULTILINE)
    assert head
    plain = found.prompt.replace(head[0], "    def spread(values: List[int], scale")
    start = PROMPT.index("def spread")
    assert plain == PROMPT[:start] + re.sub(r"^(?=.)", "    ", PROMPT[start:], flags=re.MULTILINE)
    expected = re.sub(r"^(?=.)", "    ", BODY, flags=re.MULTILINE)
    # What stands in the string stays where it is.
    expected = expected.replace("    # no comment\n        é", "# no comment\n    é")
    expected = expected.replace("return spread(", "return self.spread(")
    assert texts(found) == [expected, expected.replace("v > mean", "v < mean")]


def test_helpers_behind_the_function_stay_functions():
    body = "    return helper(a)\n\n\ndef helper(b):\n    return b + 1\n"
    found = restyle_problem(problem(body, "    return a\n", prompt="def f(a):\n"), ["method"])
    assert texts(found)[0] == "        return helper(a)\n\n\ndef helper(b):\n    return b + 1\n"
    assert function_of(found.prompt, texts(found)[0], "f")(1) == 2


@pytest.mark.parametrize(
    ("prompt", "body"),
    [
        ("def f(a):\n", "    self = a\n    return self\n"),
        ("def f(a):\n", "    return __b\n"),
        ("def f(a):\n", "    return a\n\n\nprint(f(1))\n"),
        ("def f(a):\n", "    f = a\n    return f\n"),
        ("def f(a):\n", "    return f'{f(a)}'\n"),
        ("def f(a):\n", "    def f(b):\n        return b\n    return a\n"),
        ("def f(a):\n", "\treturn a\n"),
        ("@cache\ndef f(a):\n", "    return a\n"),
        ("class A:\n    def f(self, a):\n", "        return a\n"),
    ],
)
def test_what_would_notice_stays_a_function(prompt, body):
    assert parse_program(prompt, body) is not None
    indent = re.match(r"\s+", body)[0]
    assert restyle_problem(problem(body, f"{indent}return 0\n", prompt=prompt), ["method"]) is None


@pytest.mark.parametrize("styles", [[name] for name in STYLES] + [list(STYLES)], ids="+".join)
def test_every_style_computes_what_the_original_computed(styles):
    found = restyle_problem(problem(BODY, WRONG), styles)
    right, wrong = texts(found)
    for arguments, expected in CALLS:
        assert function_of(found.prompt, right)(*arguments) == expected
        assert function_of(PROMPT, BODY)(*arguments) == expected
        assert function_of(found.prompt, wrong)(*arguments) == function_of(PROMPT, WRONG)(*arguments)
    assert [one.passed for one in found.programs] == [True, False]


@pytest.mark.parametrize("styles", [[name] for name in STYLES] + [list(STYLES)], ids="+".join)
def test_lines_that_programs_share_stay_shared(styles):
    """Up to the line in which the wrong one differs, and only there."""
    found = restyle_problem(problem(BODY, WRONG), styles)
    right, wrong = (text.splitlines() for text in texts(found))
    assert [one == other for one, other in zip(right, wrong, strict=True)] == [True] * (len(right) - 1) + [False]


def test_a_program_that_does_not_parse_is_left_out_and_counted():
    done = Rewritten()
    found = restyle_problem(problem(BODY, WRONG, "    return (\n"), ["without-comments"], done)
    assert len(found.programs) == 2
    assert (done.problems, dict(done.by_style), done.left_out) == (1, {"without-comments": 1}, 1)
    assert done.words() == (
        "styles: 1 training problems rewritten (1 without-comments); 1 programs left out that do not parse"
    )
    # Without it no failing program would be left.
    assert restyle_problem(problem(BODY, "    return (\n"), ["without-comments"], done) is None
    assert done.problems == 1


def test_styles_are_drawn_by_the_problem_alone():
    section = StylesSection(probability=0.25)
    ids = [f"p/{number}" for number in range(400)]
    chosen = {name: drawn(name, section) for name in ids}
    assert chosen == {name: drawn(name, section) for name in reversed(ids)}
    for style in STYLE_NAMES:
        assert 70 < sum(style in found for found in chosen.values()) < 130
    assert drawn("p/1", StylesSection(probability=1.0)) == list(STYLES)
    assert drawn("p/1", StylesSection(probability=1.0, kinds=("method",))) == ["method"]
    assert drawn("p/1", StylesSection(probability=0.0)) == []
    assert set(STYLES) == set(STYLE_NAMES)


def test_problems_are_rewritten_in_place_or_beside_their_original():
    one, other = problem(BODY, WRONG), problem("    return a\n", "    return 0\n", prompt="def f(a):\n", name="p/2")
    section = StylesSection(probability=1.0, kinds=("without-comments",))
    found, done = restyle([one, other], section)
    assert found == [restyle_problem(one, ["without-comments"]), other]
    assert done.problems == 1
    kept, _ = restyle([one, other], StylesSection(probability=1.0, kinds=("without-comments",), keep_original=True))
    assert kept == [one, found[0], other]
    assert restyle([one, other], None) == ([one, other], Rewritten())


def test_training_programs_get_styles_and_validation_programs_none(tmp_path):
    save_programs(tmp_path / "toy.jsonl", problems=10)
    path = save_recipe(tmp_path / "recipe.yaml", tmp_path / "base")
    plain = load_data(read_recipe(path), tmp_path)
    content = json.loads(path.read_text())
    content["data"]["styles"] = {"probability": 1.0, "kinds": ["method", "without-hints"]}
    path.write_text(json.dumps(content))
    styled = load_data(read_recipe(path), tmp_path)
    assert styled.validation == plain.validation
    # The toy programs have no hints.
    assert (styled.styles.problems, dict(styled.styles.by_style)) == (len(plain.train), {"method": len(plain.train)})
    for old, new in zip(plain.train, styled.train, strict=True):
        assert new.prompt.startswith("class ")
        assert [one.passed for one in new.programs] == [one.passed for one in old.programs]
        for before, after in zip(old.programs, new.programs, strict=True):
            assert after.completion == before.completion.replace("    ", "        ")
    content["data"]["styles"]["kinds"] = ["upside-down"]
    path.write_text(json.dumps(content))
    with pytest.raises(RecipeError, match=r"upside-down.*styles.kinds"):
        read_recipe(path)
