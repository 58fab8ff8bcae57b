from __future__ import annotations

import logging

import numpy as np
import pytest

import rs3l_data
from rs3l_data.convert.published import VIEWS
from tests.synthetic import make_dataset


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A dataset of 3 shards, 60 events, 90 rows, in the five views of the published files."""
    target = tmp_path_factory.mktemp("convert") / "ds"
    return make_dataset(target, 30, VIEWS, ("Hbb", "g"), seed=5, n_shards=3)


@pytest.fixture
def dataset(folder):
    return rs3l_data.open(folder)


def jets_by_pt(dataset, view):
    """Give, by the jet's pt as it is in the dataset, its row, its columns and its constituents."""
    jets = dataset.jets(view)
    offsets, constituents = dataset.constituents(view)
    found = {}
    for row in np.flatnonzero(jets["present"]):
        own = slice(offsets[row], offsets[row + 1])
        found[float(jets["pt"][row])] = (
            row,
            {name: column[row] for name, column in jets.items()},
            {name: column[own] for name, column in constituents.items()},
        )
    assert len(found) == jets["present"].sum(), "pt tells the jets apart"
    return found


def wrapped(phi):
    return (np.asarray(phi, float) + np.pi) % (2 * np.pi) - np.pi


def energy_of(jet):
    momentum = float(jet["pt"]) * np.cosh(float(jet["eta"]))
    return np.sqrt(momentum**2 + float(jet["mass"]) ** 2)


def assert_same_constituents(found, expected, d0_atol=1e-6):
    for name in ("category", "charge"):
        assert found[name].tolist() == expected[name].tolist(), name
    for name in ("pt", "energy"):
        np.testing.assert_allclose(found[name], expected[name], rtol=3e-6, err_msg=name)
    np.testing.assert_allclose(found["eta"], expected["eta"], atol=3e-6)
    np.testing.assert_allclose(wrapped(found["phi"] - expected["phi"]), 0, atol=3e-6)
    for name in ("d0", "dz"):
        np.testing.assert_allclose(found[name], expected[name], atol=d0_atol, err_msg=name)


def warnings_in(caplog):
    """List the warnings alone: whoever ran before may have asked for the progress, too."""
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
