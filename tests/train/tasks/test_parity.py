"""What is compared of PyTorch and ONNX Runtime: jets like real ones, and every way to differ."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rs3l_data.describe.schema import Category
from rs3l_train.errors import ExportError
from rs3l_train.tasks.parity import largest_difference, moved, random_jets, tensors

WIDTH = 6
SHAPES = ((200, WIDTH), (50, 2 * WIDTH), (7, 3), (1, 1))


def test_random_jets_are_made_of_what_jets_are_made_of():
    made = random_jets(200, 12)
    assert {column.dtype for table in made.values() for column in table.values()} == {
        np.dtype(np.float32)
    }
    jets, inside = made["jets"], made["constituents"]["pt"] > 0
    assert jets["pt"] == pytest.approx(made["constituents"]["pt"].sum(1), rel=1e-5)
    assert np.abs(jets["eta"]).max() <= 2
    assert jets["mass"].min() > 10
    own = {name: column[inside] for name, column in made["constituents"].items()}
    assert own["pt"].min() >= 0.5
    assert own["energy"] == pytest.approx(own["pt"] * np.cosh(own["eta"]), rel=1e-5)
    assert 3.0 < np.abs(own["phi"]).max() <= np.float32(np.pi)
    axes = {name: np.broadcast_to(jets[name][:, None], inside.shape)[inside] for name in jets}
    assert np.abs(own["eta"] - axes["eta"]).max() < 1.5
    assert np.cos(own["phi"] - axes["phi"]).min() > np.cos(1.5)
    assert {*own["category"]} == {*Category}
    charged = ~np.isin(own["category"], (Category.PHOTON, Category.NEUTRAL_HADRON))
    assert {*own["charge"][charged]} == {-1, 1}
    assert {*own["d0_error"][charged]} == {np.float32(0.02)}
    assert {*own["dz_error"][charged]} == {np.float32(0.05)}
    for name in ("charge", "d0", "d0_error", "dz", "dz_error"):
        assert (own[name] != 0).tolist() == charged.tolist(), name


def test_only_constituents_move_and_by_little():
    jets = random_jets(200, 12)
    before = {name: column.copy() for name, column in jets["constituents"].items()}
    after = moved(jets)
    assert after["jets"] == jets["jets"]
    inside = before["pt"] > 0
    for name, column in after["constituents"].items():
        assert column.dtype == np.float32
        np.testing.assert_array_equal(jets["constituents"][name], before[name])
        step = column - before[name]
        if name in ("eta", "phi"):
            assert step[inside].std() == pytest.approx(1e-3, rel=0.1)
            assert not step[~inside].any()
        else:
            assert not step.any(), name


class Sums:
    """A network of few words: two numbers of unlike sizes, a constant, and the mass as a score."""

    n_constituents = WIDTH

    def __call__(self, constituents, jets):
        weight = torch.ones(1, requires_grad=True)
        both = [constituents["pt"].sum(1), 100 + constituents["eta"].sum(1)]
        return weight * torch.stack(both, 1), weight * torch.ones(len(both[0])), jets["mass"]


@pytest.fixture
def difference(monkeypatch):
    """Compare with a runtime that is off in what a function of its call changes."""

    def found(change):
        calls = iter([(shape, first) for shape in SHAPES for first in (True, False)])

        def run(_, inputs):
            shape, first = next(calls)
            assert inputs["constituents_pt"].shape == shape
            tables = (
                {name.removeprefix(f"{table}_"): torch.from_numpy(inputs[name]) for name in inputs}
                for table in ("constituents", "jets")
            )
            answers = [answer.detach().numpy().copy() for answer in Sums()(*tables)]
            change(answers, shape, first)
            return answers

        session = SimpleNamespace(run=run)
        monkeypatch.setattr("onnxruntime.InferenceSession", lambda *_, **__: session)
        return largest_difference(Sums(), b"")

    return found


REFERENCE = [answer.detach().numpy() for answer in Sums()(*tensors(random_jets(*SHAPES[0])))]
"""Of the jets that the spreads are taken from"""


@pytest.mark.parametrize("where", SHAPES)
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("output", [0, 2])
def test_a_difference_counts_in_every_shape_and_output_by_its_spread(
    difference, where, sign, output
):
    spread = REFERENCE[output].std(0).mean()

    def change(answers, shape, _):
        if shape == where:
            answers[output].flat[-1] += sign * 0.5 * spread

    assert difference(change) == pytest.approx(0.5, rel=1e-3)


def test_without_any_difference_there_is_none(difference):
    assert difference(lambda *_: None) == 0


def test_each_jet_counts_by_the_smaller_of_both_differences(difference):
    def change(answers, shape, first):
        if shape == SHAPES[1]:
            answers[2][0 if first else 1] += 100

    assert difference(change) == 0


@pytest.mark.parametrize("which", [True, False])
def test_a_number_that_is_none_stays_one_in_whatever_comparison(difference, which):
    def change(answers, shape, first):
        if shape == SHAPES[2] and first == which:
            answers[0][1, 1] = math.nan

    assert math.isnan(difference(change))


def test_a_file_that_onnx_runtime_cannot_read_is_told_with_what_may_help():
    told = r"cannot read what PyTorch \S+ exported: .*; try other versions of torch, onnxscript"
    with pytest.raises(ExportError, match=told):
        largest_difference(SimpleNamespace(n_constituents=6), b"nonsense")
