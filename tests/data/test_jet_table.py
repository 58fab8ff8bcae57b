"""A batch's table of jets, row by row against FastJet and plain loops, of candidates by hand."""

import fastjet
import numpy as np
import pytest

from rs3l_data.cluster import kinematics
from rs3l_data.cluster.substructure import substructure
from rs3l_data.describe.jets import Jets
from rs3l_data.describe.schema import Status
from rs3l_data.events.particles import COLUMNS, Particles
from rs3l_data.jet_table import batch_table
from rs3l_data.simulate.heavy_flavour import HeavyHadrons, Splittings
from rs3l_data.simulate.initiators import Rows
from rs3l_data.simulate.resimulate import Batch
from rs3l_data.stopwatch import no_stopwatch
from tests.data.cluster.events import candidates_of, momenta

SETTINGS = Jets(
    radius=0.6, candidate_pt_min=1, pt=(100, 400), abs_eta_max=1.6, mass=(10, 90), match_delta_r=0.3
)
N_EVENTS, N_AXES = 8, 4
FAILED = 2
"""The event that the generator did not deliver"""


class Made:
    """Some events with four sprays each, and what the hard process and the shower say of them."""

    def __init__(self, seed):
        random = self.random = np.random.default_rng(seed)
        shape = N_EVENTS, N_AXES
        self.eta = random.permuted(np.tile([-1.9, -0.6, 0.3, 1.2], (N_EVENTS, 1)), axis=1)
        self.phi = np.tile(np.arange(N_AXES) * np.pi / 2, (N_EVENTS, 1)) + random.normal(0, 0.1)
        pt = random.permuted(np.tile([60.0, 150, 300, 600], (N_EVENTS, 1)), axis=1)
        self.candidates = [self._spray(event, pt[event]) for event in range(N_EVENTS)]
        self.candidates[FAILED] = np.empty((0, 4))
        # Initiators near the axes, or too far away; two decay products each.
        away = random.choice([0.05, 0.15, 0.4], shape)
        self.initiator = self._at(self.eta + away, self.phi)
        spread = random.choice([0.1, 0.4], (*shape, 2))
        self.decay = self._at(
            self.eta[..., None] + spread * random.normal(size=spread.shape),
            self.phi[..., None] + spread * random.normal(size=spread.shape),
        )
        # Hadrons fly with the hardest candidate of a spray; quarks of gluons near the axes.
        self.hadron_flavour = random.integers(4, 6, (*shape, 2))
        self.split_flavour = random.integers(4, 6, (*shape, 2))
        near = (*shape, 2, 2)
        self.quarks = self._at(
            self.eta[..., None, None] + random.normal(0, 0.35, near),
            self.phi[..., None, None] + random.normal(0, 0.35, near),
        )

    def _spray(self, event, pt):
        random, parts = self.random, []
        for axis in range(N_AXES):
            share = random.dirichlet(np.full(10, 2.0))
            width = random.choice([0.03, 0.15])
            place = random.normal(0, width, (2, 10))
            axes = self.eta[event, axis], self.phi[event, axis]
            parts.append(momenta(pt[axis] * share, axes[0] + place[0], axes[1] + place[1]))
            # Softer than what is clustered.
            soft = random.normal(0, 0.2, (2, 10))
            parts.append(momenta(0.9, axes[0] + soft[0], axes[1] + soft[1]))
        return np.concatenate(parts)

    @staticmethod
    def _at(eta, phi):
        flat = momenta(100.0, eta.ravel(), phi.ravel())
        return flat.reshape(*eta.shape, 4)

    def hadron(self, event, axis, number):
        own = self.candidates[event][20 * axis : 20 * axis + 10]
        return 3 * own[np.argsort(np.hypot(*own.T[:2]))[-1 - number]]

    def batch(self):
        """Put it together as the simulation does, the hard particles in any order."""
        per_row = 3
        n = N_EVENTS * N_AXES * per_row
        rows = np.concatenate([self.initiator[..., None, :], self.decay], axis=-2).reshape(-1, 4)
        place = self.random.permutation(n)
        hard_momenta = np.empty((n, 4))
        hard_momenta[place] = rows
        place = place.reshape(-1, per_row)
        event = np.repeat(np.arange(N_EVENTS), N_AXES)
        hard_momenta[place[event == FAILED]] = np.nan
        there = [event for event in range(N_EVENTS) if event != FAILED]
        hadrons = [
            self.hadron(event, axis, number)
            for event in there
            for axis in range(N_AXES)
            for number in range(2)
        ]
        offsets = np.zeros(N_EVENTS + 1, np.int64)
        offsets[1:] = np.cumsum(np.arange(N_EVENTS) != FAILED) * 2 * N_AXES
        nothing = np.zeros(0)
        return (
            Batch(
                None,
                np.arange(N_EVENTS) != FAILED,
                Particles(np.zeros(N_EVENTS + 1, np.int64), *(nothing for _ in COLUMNS)),
                hard_momenta,
                HeavyHadrons(offsets, self.hadron_flavour[there].ravel(), np.array(hadrons)),
                Splittings(
                    offsets,
                    self.split_flavour[there].ravel(),
                    self.quarks[there].reshape(-1, 2, 4),
                ),
            ),
            Rows(event, place[:, 0], 2 * np.arange(len(event) + 1), place[:, 1:].ravel()),
        )


def distance(one, other):
    """ΔR of two four-momenta, in pseudorapidity and azimuth."""
    eta = [np.arcsinh(p[2] / np.hypot(p[0], p[1])) for p in (one, other)]
    phi = [np.arctan2(p[1], p[0]) for p in (one, other)]
    turn = (phi[0] - phi[1] + np.pi) % (2 * np.pi) - np.pi
    return np.hypot(eta[0] - eta[1], turn)


def jets_of(event):
    """Cluster an event with FastJet: four-momenta, and which candidates each jet has."""
    given = []
    for number, p in enumerate(event):
        if np.hypot(p[0], p[1]) >= SETTINGS.candidate_pt_min:
            given.append(fastjet.PseudoJet(*map(float, p)))
            given[-1].set_user_index(number)
    definition = fastjet.JetDefinition(fastjet.antikt_algorithm, SETTINGS.radius)
    sequence = fastjet.ClusterSequence(given, definition)
    return [
        (
            np.array([jet.px(), jet.py(), jet.pz(), jet.e()]),
            [part.user_index() for part in jet.constituents()],
        )
        for jet in sequence.inclusive_jets(SETTINGS.pt[0])
    ]


def expected_status(jet):
    pt, eta = np.hypot(jet[0], jet[1]), np.arcsinh(jet[2] / np.hypot(jet[0], jet[1]))
    mass = np.sqrt(max(jet[3] ** 2 - (jet[:3] ** 2).sum(), 0))
    limits = ((pt, SETTINGS.pt), (abs(eta), (0, SETTINGS.abs_eta_max)), (mass, SETTINGS.mass))
    passes = all(low <= value <= high for value, (low, high) in limits)
    return Status.PRESENT if passes else Status.FAILED_SELECTION


@pytest.fixture(params=range(3))
def tabulated(request, monkeypatch):
    """The events, and the table that is made of them without a detector."""
    made = Made(request.param)
    candidates = candidates_of(made.candidates)
    monkeypatch.setattr("rs3l_data.jet_table.detect", lambda *_: candidates)
    batch, rows = made.batch()
    keys = np.arange(N_EVENTS, dtype=np.uint64)
    return made, batch_table(SETTINGS, None, batch, rows, keys, None, no_stopwatch)


def rows_with_jets(made):
    """Give row, event, axis, and the jet of the initiator with its candidates, or None."""
    for event in range(N_EVENTS):
        jets = jets_of(made.candidates[event])
        for axis in range(N_AXES):
            target = made.initiator[event, axis]
            near = [jet for jet in jets if distance(jet[0], target) <= SETTINGS.match_delta_r]
            assert len(near) <= 1, "so far apart that nothing competes"
            yield event * N_AXES + axis, event, axis, near[0] if near else None


def test_each_row_says_what_became_of_its_jet(tabulated):
    made, table = tabulated
    expected = [
        Status.GENERATOR_FAILED
        if event == FAILED
        else Status.NO_JET_MATCHED
        if jet is None
        else expected_status(jet[0])
        for _, event, _, jet in rows_with_jets(made)
    ]
    assert table.jets["status"].tolist() == expected
    assert len(set(expected)) == 4
    assert table.jets["present"].tolist() == [status == Status.PRESENT for status in expected]


def test_each_row_has_the_columns_of_its_own_jet(tabulated):
    made, table = tabulated
    jets, n_checked = table.jets, 0
    for row, event, axis, found in rows_with_jets(made):
        target = made.initiator[event, axis]
        if event != FAILED:
            for name, value in kinematics.transverse(*target[:3]).items():
                assert jets[f"initiator_{name}"][row] == pytest.approx(value, abs=1e-5)
        if not jets["present"][row]:
            assert np.isnan(jets["pt"][row])
            assert table.offsets[row] == table.offsets[row + 1]
            continue
        jet, members = found
        of_jet = {**kinematics.transverse(*jet[:3]), "mass": kinematics.mass(*jet)}
        own = made.candidates[event][members]
        own = own[np.argsort(-np.hypot(own[:, 0], own[:, 1]))]
        of_jet |= {
            name: values[0]
            for name, values in substructure(
                np.array([0, len(own)]), *own.T.copy(), SETTINGS.radius
            ).items()
        }
        for name, value in of_jet.items():
            assert jets[name][row] == pytest.approx(value, rel=1e-4, abs=1e-5), name
        assert jets["n_constituents"][row] == len(own)
        part = slice(table.offsets[row], table.offsets[row + 1])
        for name, values in kinematics.transverse(*own.T[:3]).items():
            assert table.constituents[name][part] == pytest.approx(values, rel=1e-4, abs=1e-5)
        assert table.constituents["energy"][part] == pytest.approx(own[:, 3], rel=1e-5)
        n_checked += 1
    assert n_checked >= 4


def test_each_row_has_the_truth_of_its_own_jet(tabulated):
    made, table = tabulated
    jets = table.jets
    seen = set()
    for row, event, axis, found in rows_with_jets(made):
        if not jets["present"][row]:
            continue
        jet, members = found
        decays = [distance(jet, decay) for decay in made.decay[event, axis]]
        contained = max(decays) <= SETTINGS.radius
        assert jets["contained"][row] == contained
        inside = [
            made.hadron_flavour[event, other, number]
            for other in range(N_AXES)
            for number in range(2)
            if any(
                np.array_equal(3 * made.candidates[event][m], made.hadron(event, other, number))
                for m in members
            )
        ]
        assert jets["n_b_hadrons"][row] == inside.count(5)
        assert jets["n_c_hadrons"][row] == inside.count(4)
        pairs = [
            made.split_flavour[event, other, number]
            for other in range(N_AXES)
            for number in range(2)
            if max(distance(jet, quark) for quark in made.quarks[event, other, number])
            <= SETTINGS.radius
        ]
        assert jets["gluon_splitting"][row] == max(pairs, default=0)
        seen.add((contained, max(pairs, default=0)))
    assert {contained for contained, _ in seen} == {False, True}
    assert len({splitting for _, splitting in seen}) > 1
