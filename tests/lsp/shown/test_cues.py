"""Which places are pointed at, and how they are worded. No server."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from codeodds.engine.api import MeasuredThreshold, ScorerInfo
from codeodds.engine.fake import FakeScorer
from codeodds.engine.values import score_lines
from codeodds.lsp.documents.document import Document, FunctionScore
from codeodds.lsp.documents.text import Text
from codeodds.lsp.settings.fields import Settings
from codeodds.lsp.shown.cues import SCREEN_LINES, cues, percent
from codeodds.lsp.shown.wording import explanation, measured, shown_lines, sparkline
from codeodds.source.functions import find_functions

INFO = FakeScorer().info
BAD = "def bad(a):\n    c = a\n    b = BUG\n    return b\n"


def judged_document(text: str, scorer: FakeScorer | None = None) -> Document:
    found = []
    for function in find_functions(text):
        score = (scorer or FakeScorer()).score(function.unit)
        found.append(FunctionScore(function, score.probability, tuple(score_lines(score, function.unit.solution))))
    return Document("file:///a.py", 1, Text(text), tuple(found))


def places(text: str, settings: Settings | None = None) -> list[tuple[int, str]]:
    return [(cue.line, cue.code) for cue in cues(judged_document(text), INFO, settings or Settings())]


def test_a_sharp_drop_is_pointed_at_and_the_signature_where_there_is_none() -> None:
    slow = FakeScorer({"x": 0.04})
    text = "def f(a):\n" + "    x = 1\n" * 15
    found = cues(judged_document(text, slow), INFO, Settings())
    assert [(cue.line, cue.code) for cue in found] == [(0, "CO001")]
    assert found[0].message == "30 % likely to be right as written; no single line stands out"
    assert places(BAD) == [(2, "CO002")]
    assert places(BAD.replace("BUG", "a")) == []


def test_values_of_the_first_part_of_a_body_are_not_shown() -> None:
    text = "def f(a):\n    BUG\n" + "    a = a + 1\n" * 9 + "    return a\n"
    (scored,) = judged_document(text).scored
    assert scored.lines[0].fraction < INFO.min_prefix_fraction
    assert all(line.fraction >= INFO.min_prefix_fraction for line in shown_lines(scored, INFO))
    assert places(text) == [(0, "CO001")]
    assert "falls" not in explanation(scored, INFO, Settings())
    first = scored.function.solution_line + shown_lines(scored, INFO)[0].line + 1
    assert f"from line {first} to line 12" in explanation(scored, INFO, Settings())


def test_comments_suppress_functions_and_lines() -> None:
    ignore = "  # codeodds: ignore"
    assert places(BAD.replace("(a):", f"(a):{ignore}")) == []
    assert places(f"#{ignore}\n{BAD}") == []
    assert places(f"# codeodds: ignore\n@wraps(\n    1,\n)\n{BAD}") == []
    assert places(f"# codeodds: ignore\n\n{BAD}") == [(4, "CO002")]
    assert places(BAD.replace("BUG", f"BUG{ignore}")) == []
    assert places(BAD.replace("BUG", "BUG  # noqa, codeodds: ignore")) == []
    assert places(BAD.replace("BUG", "BUG  # codeodds: ignored")) == [(2, "CO002")]
    assert places(BAD.replace("BUG", "BUG  # notcodeodds: ignore")) == [(2, "CO002")]
    assert places(BAD.replace("BUG", "BUG  #codeodds: ignored, codeodds: ignore!")) == []


def test_the_line_that_is_typed_at_is_left_alone() -> None:
    document = judged_document(BAD)
    assert cues(document, INFO, Settings(), quiet_line=2) == []
    assert [cue.line for cue in cues(document, INFO, Settings())] == [2]
    assert [cue.line for cue in cues(document, INFO, Settings(), quiet_line=1)] == [2]


@given(
    gaps=st.lists(st.integers(0, 30), min_size=1, max_size=25),
    marks=st.lists(st.sampled_from(["BUG", "BAD"]), min_size=25, max_size=25),
    most=st.integers(1, 6),
)
def test_no_screen_holds_more_than_the_setting_and_no_more_than_needed_are_left_out(
    gaps: list[int], marks: list[str], most: int
) -> None:
    text = "".join(
        "\n" * gap + f"def f{index}(a):\n    b = a\n    c = {mark}\n"
        for index, (gap, mark) in enumerate(zip(gaps, marks, strict=False))
    )
    document = judged_document(text, FakeScorer({"BUG": 0.6, "BAD": 0.7}))
    every = cues(document, INFO, Settings(hints_per_screen=1000))
    kept = cues(document, INFO, Settings(hints_per_screen=most))
    lines = [cue.line for cue in kept]
    assert lines == sorted(lines)
    assert len(every) == len(gaps)

    def fits(chosen: list[int]) -> bool:
        return all(sum(start <= line < start + SCREEN_LINES for line in chosen) <= most for start in chosen)

    assert fits(lines)
    for cue in every:
        if cue not in kept:
            worse = [
                other.line
                for other in kept
                if (other.scored.probability, other.line) < (cue.scored.probability, cue.line)
            ]
            assert not fits(sorted([*worse, cue.line]))


@given(st.lists(st.floats(0, 1), max_size=200))
def test_a_sparkline_is_short_and_shows_the_lowest_value(values: list[float]) -> None:
    drawn = sparkline(values)
    assert len(drawn) == min(len(values), 40)
    if values:
        assert min(drawn) == sparkline([min(values)])


def test_sparkline_and_percent() -> None:
    assert sparkline([0.0, 0.5, 1.0]) == "▁▅█"
    assert [percent(value) for value in (0.001, 0.01, 0.42, 0.99, 0.996)] == [
        "under 1 %",
        "1 %",
        "42 %",
        "99 %",
        "over 99 %",
    ]


def test_the_precision_is_that_of_the_threshold_in_use() -> None:
    rows = (MeasuredThreshold(0.17, 0.91, 0.15), MeasuredThreshold(0.28, 0.82, 0.38))
    info = ScorerInfo("m", "1", 100, 4, 0.17, 0.91, 0.25, "platt-0", rows)
    assert measured(info, Settings()) == "Of held-out programs below 17 %, 91 % failed their tests."
    assert measured(info, Settings(threshold=0.28)) == "Of held-out programs below 28 %, 82 % failed their tests."
    assert measured(info, Settings(threshold=0.4)).endswith(
        "82 % failed their tests; at your threshold of 40 % nothing was measured."
    )
    assert "not measured" in measured(ScorerInfo("m", "1", 100, 4, 0.5, None), Settings())


def test_an_explanation_as_markdown_and_as_text() -> None:
    (scored,) = judged_document(BAD).scored
    assert "this function does" in explanation(scored, INFO, Settings())
    for kind in ("class", "module"):
        other = FunctionScore(replace(scored.function, kind=kind), scored.probability, scored.lines)
        assert f"the {kind}'s own statements do what its" in explanation(other, INFO, Settings())
    assert explanation(scored, INFO, Settings()) == (
        "**30 %** likely to be right as written: `bad`\n\n"
        "The model's estimate of the chance that this function does what its signature and docstring say. "
        "It is no verdict.\n\n"
        "`█▃▃` from line 2 to line 4\n\n"
        "It falls most at\n\n- line 3: 0.90 → 0.30\n\n"
        "fake 1. Of held-out programs below 50 %, 75 % failed their tests."
    )
    (short,) = judged_document("def f(a):\n    return a, BUG\n").scored
    assert "`▃` in line 2\n" in explanation(short, INFO, Settings())
    text = explanation(scored, INFO, Settings(), markdown=False)
    assert text.startswith("30 % likely to be right as written: bad\n\n")
    assert not set("`*") & set(text)
    assert (
        explanation(FunctionScore(scored.function, reason="it is a stub"), INFO, Settings())
        == "`bad` is not scored: it is a stub."
    )
