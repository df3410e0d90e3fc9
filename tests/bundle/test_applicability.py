"""The score of a score, from a manifest's section."""

from __future__ import annotations

import math
from pathlib import Path
from typing import get_args

import msgspec
import numpy as np
import pytest

from codeodds.bundle.applicability import FEATURES, measure_features, trust
from codeodds.bundle.loader import load_bundle
from codeodds.bundle.manifest import Applicability, ApplicabilityFeature, FeatureName, Manifest, decode, encode
from codeodds.errors import BundleCorrupt
from codeodds.types import ScoringUnit
from tests.engine.tiny import manifest, seal

UNIT = ScoringUnit("def f(x):\n", "    return x + HERE\n")
RAW = np.asarray([0.5, 1.0, -3.0], dtype=np.float32)


def section(*features: ApplicabilityFeature, bias: float = 0.5) -> Applicability:
    chosen = list(features) or [ApplicabilityFeature(name="elsewhere_share", weight=-2.0, centre=0.25, scale=0.25)]
    return Applicability(
        features=chosen, bias=bias, threshold=0.6, fitted_on="nothing", rows=9, coverage=0.5, measured=[]
    )


def test_every_name_is_measured() -> None:
    assert set(FEATURES) == set(get_args(FeatureName))
    found = dict(zip(FEATURES, measure_features(UNIT, RAW), strict=True))
    assert found["elsewhere_share"] == 0.5
    assert found["log_tokens"] == pytest.approx(math.log(3))
    assert (found["last_logit"], found["logit_spread"]) == (3.0, 2.0)


def test_the_value_is_the_formula() -> None:
    assert trust(section(), UNIT, RAW).applicability == pytest.approx(1 / (1 + math.exp(-(0.5 - 2.0))))


def test_a_feature_far_away_counts_as_three_scales() -> None:
    far = ApplicabilityFeature(name="last_logit", weight=-1.0, centre=0.0, scale=1e-3)
    assert trust(section(far), UNIT, RAW).applicability == pytest.approx(1 / (1 + math.exp(2.5)))


def test_the_reason_is_what_weighs_most_against_it() -> None:
    stated = ApplicabilityFeature(name="log_stated_words", weight=0.5, centre=2.0, scale=1.0)
    names = ApplicabilityFeature(name="elsewhere_share", weight=-2.0, centre=0.25, scale=0.25)
    assert trust(section(stated, names), UNIT, RAW).doubt == "many of the names that it uses are defined elsewhere"
    assert trust(section(stated), UNIT, RAW).doubt == "no docstring or comment says enough of what it should do"


def test_a_manifest_keeps_the_section_and_an_old_one_has_none() -> None:
    old = manifest(100)
    assert b"applicability" not in encode(old)
    assert decode(encode(old)).applicability is None
    new = msgspec.structs.replace(old, applicability=section())
    assert decode(encode(new)) == new


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"scale": 0.0}, r"> 0\.0.*applicability\.features\[0\]\.scale"),
        ({"name": "moon"}, r"Invalid enum value 'moon'.*applicability\.features"),
        ({"extra": 1}, r"unknown field `extra`.*applicability\.features"),
    ],
)
def test_a_wrong_feature_is_refused(bundle_folder: Path, wrong: dict[str, object], message: str) -> None:
    document = msgspec.json.decode((bundle_folder / "manifest.json").read_bytes())
    found = msgspec.to_builtins(section())
    found["features"][0] |= wrong
    (bundle_folder / "manifest.json").write_bytes(msgspec.json.encode(document | {"applicability": found}))
    with pytest.raises(BundleCorrupt, match=message):
        load_bundle(bundle_folder)


def test_no_feature_and_one_that_stands_twice_are_refused() -> None:
    document = msgspec.to_builtins(msgspec.structs.replace(manifest(100), applicability=section()))
    feature = document["applicability"]["features"][0]
    for features, message in (([], "length >= 1"), ([feature, feature], "different names")):
        document["applicability"]["features"] = features
        with pytest.raises(msgspec.ValidationError, match=message):
            msgspec.convert(document, Manifest)


def test_the_section_loads_with_the_bundle(bundle_folder: Path) -> None:
    old = load_bundle(bundle_folder).manifest
    seal(bundle_folder, msgspec.structs.replace(old, applicability=section()))
    assert load_bundle(bundle_folder).manifest.applicability == section()
