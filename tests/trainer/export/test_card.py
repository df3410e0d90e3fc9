"""The model card: one page, with one table of figures beside baselines and base rates."""

from __future__ import annotations

import msgspec
import pytest

from codeodds.bundle.evaluation import Evaluation, FlaggedMistakes, Metric, Mistakes, read_evaluation
from codeodds.bundle.loader import read_manifest
from codeodds.bundle.manifest import OddsThreshold, Threshold
from codeodds_trainer.export.card import figure_table, render_card
from tests.engine.tiny import manifest

EVALUATION = Evaluation(
    metrics=[
        Metric(dataset="first", name="within_problem_auroc", value=0.7, low=0.65, high=0.75),
        Metric(dataset="first", name="best_1_of_3", value=0.4),
        Metric(dataset="first", name="pooled_auroc", value=0.99),
        Metric(dataset="first", name="within_problem_auroc", value=0.6, low=0.5, high=0.7, baseline="log-probability"),
        Metric(dataset="first", name="best_1_of_3", value=0.3, baseline="random"),
        Metric(dataset="first", name="auprc_fails", value=0.8, baseline="random"),
        Metric(dataset="first", name="best_1_of_3", value=0.5, baseline="oracle"),
        Metric(dataset="second", name="within_problem_auroc", value=0.9),
        Metric(dataset="second", name="auprc_fails", value=0.25, baseline="random"),
    ],
    mistakes=Mistakes(
        flagged=[
            FlaggedMistakes(
                dataset="second", kind="right programs", programs=9, probability=0.2, share=0.05, low=0, high=0.1
            ),
            FlaggedMistakes(dataset="second", kind="wrong operator", programs=9, probability=0.2, share=0.5),
        ]
    ),
)


def test_the_table_has_base_rates_and_baselines_beside_the_bundle():
    assert figure_table(EVALUATION) == [
        ["figure", "score", "first", "second"],
        ["programs that fail their tests", "base rate", "0.800", "0.250"],
        ["within-problem AUROC", "this bundle", "0.700 (0.650 to 0.750)", "0.900"],
        ["within-problem AUROC", "log-probability", "0.600", "-"],
        ["best 1 of 3", "random choice", "0.300", "-"],
        ["best 1 of 3", "this bundle", "0.400", "-"],
        ["best 1 of 3", "with hindsight", "0.500", "-"],
        ["right programs below 0.20", "this bundle", "-", "0.050 (0.000 to 0.100)"],
    ]


@pytest.mark.parametrize("evaluation", [None, Evaluation(metrics=[])])
def test_a_bundle_that_nobody_measured_says_so(evaluation):
    card = render_card(manifest(100), evaluation)
    assert "Nothing was measured yet: run `codeodds-train evaluate --write`." in card
    assert "None was measured: run `codeodds-train evaluate --write`." in card
    assert "|" not in card


def test_each_threshold_states_what_it_is_worth():
    thresholds = [
        Threshold(probability=0.07, precision=0.83, recall=0.06, measured_on="split test of a"),
        Threshold(probability=0.24, precision=0.72, recall=0.24, measured_on="split test of a"),
    ]
    card = render_card(msgspec.structs.replace(manifest(100), thresholds=thresholds), EVALUATION)
    assert (
        "- Below 0.07, the default: 83 % of the programs failed their tests; 6 % of all that failed lie there.\n"
        "- Below 0.24: 72 % of the programs failed their tests; 24 % of all that failed lie there.\n"
        "- Measured on split test of a.\n"
    ) in card


@pytest.mark.parametrize(
    ("writes", "words"),
    [
        (False, "a value head replaces the language-model head."),
        (
            True,
            "- Above them, for whoever asks how likely tokens are: 1 more layers and the language-model head; float32.",
        ),
    ],
)
def test_it_says_what_became_of_the_language_model_head(writes, words):
    assert words in render_card(manifest(100, writes=writes), None)


def test_it_says_what_odds_are_worth():
    odds = OddsThreshold(log_odds=5.0, right_flagged=0.05, slips_found=0.4, measured_on="functions of packages")
    card = render_card(msgspec.structs.replace(manifest(100), odds=odds), None)
    assert (
        "- Odds: an edit is shown from 5 nats of evidence on. 5.0 % of right functions have such an edit, and 40 % of "
        "those with one slip.\n- Odds were measured on functions of packages.\n"
    ) in card


def test_it_names_generators_that_were_left_out():
    left_out = msgspec.structs.replace(manifest(100), left_out_generators=["gpt-x"])
    assert "- Programs by gpt-x were left out of training and validation." in render_card(left_out, None)


def test_the_committed_card_is_what_the_code_writes_and_one_page(default_bundle):
    card = (default_bundle / "README.md").read_text("utf-8")
    assert card == render_card(read_manifest(default_bundle), read_evaluation(default_bundle))
    assert card.count("\n") <= 80
    assert [line for line in card.splitlines() if line.startswith("## ")] == [
        "## Intended use",
        "## Model",
        "## Figures",
        "## Thresholds",
        "## Limits",
        "## Licence",
    ]
