import numpy as np
import pytest

from rs3l_data.describe.seeds import own_pythia_seeds
from rs3l_data.describe.settings import pileup_settings
from rs3l_data.errors import ConfigError, GeneratorError, InputFileError
from rs3l_data.events.particles import COLUMNS
from rs3l_data.jobs.inputs import read_sample_of, sample_key
from rs3l_data.simulate import minimum_bias as module
from rs3l_data.simulate.minimum_bias import minimum_bias
from rs3l_data.store.pileup import read_sample, write_sample
from tests.data.conftest import make_config
from tests.data.pileup.conftest import BLOCKS, N_SAMPLE, QUICK

WITH = {**BLOCKS, "pileup": {**BLOCKS["pileup"], "mean": 20}}


def test_an_event_depends_on_its_seed_alone(sample):
    config = make_config(**BLOCKS)
    events = np.array([250, 3, 41])
    seeds = own_pythia_seeds(config.seed, "pileup", "sample", events)
    alone = minimum_bias(pileup_settings(config), seeds, lambda _: None)
    for i, event in enumerate(events.tolist()):
        for name in COLUMNS:
            ours = getattr(alone.cut(i, i + 1), name)
            assert np.array_equal(ours, getattr(sample.cut(event, event + 1), name)), name


def test_an_event_that_fails_is_tried_again(monkeypatch):
    """Pythia's check of energy and momentum, made so strict that some events do not pass."""
    config = make_config(**BLOCKS)
    seeds = own_pythia_seeds(config.seed, "pileup", "sample", np.arange(30))
    strict = [*pileup_settings(config), "Check:epTolErr = 1e-13"]
    found = minimum_bias(strict, seeds, lambda _: None)
    assert found.n_events == 30
    assert np.diff(found.offsets).min() > 0
    monkeypatch.setattr(module, "_TRIES", 1)
    with pytest.raises(GeneratorError, match="none of 1 tries succeeded"):
        minimum_bias(strict, seeds, lambda _: None)


def test_settings_with_which_no_event_succeeds_are_told(monkeypatch):
    monkeypatch.setattr(module, "_TRIES", 3)
    config = make_config(**BLOCKS)
    hopeless = [*pileup_settings(config), "Check:epTolErr = 0."]
    with pytest.raises(GeneratorError, match="event 0: none of 3 tries") as caught:
        minimum_bias(hopeless, np.array([1]), lambda _: None)
    assert "energy-momentum not conserved" in str(caught.value)


def test_the_density_is_that_of_inelastic_collisions(sample):
    """CMS measured dN/dη = 5.49 charged hadrons in |η| < 0.5 at 13 TeV (arXiv:1507.05915)."""
    charged = np.isin(np.abs(sample.pdg_id), (211, 321, 2212))
    pt = np.hypot(sample.px, sample.py)
    central = charged & (np.abs(np.arcsinh(sample.pz / pt)) < 1)
    prompt = np.hypot(sample.x, sample.y) < 10
    assert np.sum(central & prompt) / 2 / N_SAMPLE == pytest.approx(5.49, rel=0.2)


def test_energy_is_that_of_the_beams(sample):
    total = np.add.reduceat(sample.energy, sample.offsets[:-1])
    assert total == pytest.approx(13000, rel=1e-3)


def test_a_sample_comes_back_from_its_file(tmp_path, sample):
    config = make_config(**WITH)
    path = tmp_path / "pileup.h5"
    write_sample(path, sample, sample_key(config))
    found = read_sample_of(config, path)
    assert np.array_equal(found.offsets, sample.offsets)
    for name in COLUMNS:
        expected = getattr(sample, name)
        assert getattr(found, name).dtype == expected.dtype
        np.testing.assert_allclose(getattr(found, name), expected, rtol=1e-7, atol=1e-37)
    assert read_sample(path)[1]["seed"] == config.seed


def test_a_sample_for_a_config_without_pileup_is_refused(tmp_path, sample):
    path = tmp_path / "pileup.h5"
    write_sample(path, sample, sample_key(make_config(**BLOCKS)))
    with pytest.raises(ConfigError, match=r"no view has pile-up; set `pileup\.mean`"):
        read_sample_of(make_config(generator=QUICK, pileup={"sample_events": 300}), path)
    one_view = {
        "nominal": {},
        "crowded": {"redo": "detector", "of": "nominal", "pileup": {"mean": 9}},
    }
    config = {"generator": QUICK, "pileup": {"sample_events": 300}, "views": one_view}
    assert read_sample_of(make_config(**config), path).n_events == 300


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 12}, "seed was 11, now it is 12"),
        ({"generator": {"tune": "a14", **QUICK}}, "settings was"),
        ({"pileup": {"sample_events": 9, "mean": 20}}, "sample_events was 300, now it is 9"),
    ],
)
def test_a_sample_of_another_config_is_refused(tmp_path, sample, change, message):
    config = make_config(**WITH)
    path = tmp_path / "pileup.h5"
    write_sample(path, sample, sample_key(config))
    with pytest.raises(InputFileError, match=message):
        read_sample_of(make_config(**{**WITH, **change}), path)
