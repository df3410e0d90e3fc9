"""The figures beside a bundle: read strictly, and never needed to score."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from codeodds.bundle.evaluation import Evaluation, Metric, Mistakes, PairAccuracy, Slice, encode, read_evaluation
from codeodds.bundle.loader import load_bundle
from codeodds.errors import BundleCorrupt

EVALUATION = Evaluation(
    metrics=[
        Metric(dataset="a", name="ece", value=0.1, low=0.0),
        Metric(dataset="a", name="ece", value=0.2, baseline="b"),
    ],
    slices=[Slice(dataset="a", about="length", name="short", failing_programs=0, auroc=1.0)],
    mistakes=Mistakes(pairs=[PairAccuracy(dataset="a", kind="all", equal_length=False, pairs=1, accuracy=0.5)]),
)
BROKEN = {
    "empty": b"",
    "not JSON": b"{",
    "not UTF-8": b'{"metrics": [{"dataset": "\xff"}]}',
    "not an object": b"[]",
    "a field missing": b"{}",
    "a field unknown": b'{"metrics": [], "extra": 1}',
    "a share beyond 1": b'{"metrics": [], "slices": [{"dataset": "a", "about": "length", "name": "b", '
    b'"failing_programs": 1, "auroc": 2}]}',
}


def test_figures_are_read_as_they_were_written(tmp_path: Path) -> None:
    assert read_evaluation(tmp_path) is None
    (tmp_path / "evaluation.json").write_bytes(encode(EVALUATION))
    assert read_evaluation(tmp_path) == EVALUATION


def test_the_committed_figures_are_written_again_as_they_were(default_bundle: Path) -> None:
    found = read_evaluation(default_bundle)
    assert found is not None
    assert encode(found) == (default_bundle / "evaluation.json").read_bytes()
    assert found.mistakes is not None
    assert len({metric.dataset for metric in found.metrics}) == 5


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_one_error_where_it_is_read_and_the_bundle_opens(bundle_folder: Path, content: bytes) -> None:
    (bundle_folder / "evaluation.json").write_bytes(content)
    with pytest.raises(BundleCorrupt) as caught:
        read_evaluation(bundle_folder)
    message = str(caught.value)
    assert message.startswith(f"{bundle_folder / 'evaluation.json'}: cannot read the figures (")
    assert message.endswith(
        "delete the file, which no score needs, or write it anew with `codeodds-train evaluate --write`"
    )
    assert "\n" not in message
    assert load_bundle(bundle_folder).manifest.name == "tiny"


def test_a_folder_in_its_place_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "evaluation.json").mkdir()
    with pytest.raises(BundleCorrupt, match=r"evaluation\.json: cannot read the figures \(.*Is a directory"):
        read_evaluation(tmp_path)


def test_what_says_nothing_is_not_written() -> None:
    assert msgspec.json.decode(encode(Evaluation(metrics=[]))) == {"metrics": []}
