"""Events and jets to cluster, drawn at random or made by Pythia."""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import numpy.typing as npt
import pythia8mc

from rs3l_data.detect.candidates import Candidates

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]

NEUTRINOS = (12, 14, 16)


def momenta(pt: Any, rapidity: Any, phi: Any, mass: Any = 0.0) -> F8:
    """(n, 4) px, py, pz, energy [GeV]."""
    pt, rapidity, phi, mass = np.broadcast_arrays(pt, rapidity, phi, mass)
    transverse = np.sqrt(pt**2 + mass**2)
    return np.stack(
        [
            pt * np.cos(phi),
            pt * np.sin(phi),
            transverse * np.sinh(rapidity),
            transverse * np.cosh(rapidity),
        ],
        axis=1,
    )


def random_jet(n: int, seed: int) -> F8:
    """One jet of ``n`` massive or massless constituents, around a random axis."""
    rng = np.random.default_rng(seed)
    return momenta(
        pt=rng.exponential(5.0, n) + 0.1,
        rapidity=rng.uniform(-2, 2) + rng.normal(0, 0.3, n),
        phi=rng.uniform(-np.pi, np.pi) + rng.normal(0, 0.3, n),
        mass=rng.choice([0.0, 0.1396, 0.938], n),
    )


def random_event(n: int, seed: int) -> F8:
    """``n`` momenta all over the detector."""
    rng = np.random.default_rng(seed)
    return momenta(
        pt=rng.exponential(3.0, n) + 0.05,
        rapidity=rng.uniform(-4, 4, n),
        phi=rng.uniform(-np.pi, np.pi, n),
        mass=rng.choice([0.0, 0.1396], n),
    )


def candidates_of(events: list[F8]) -> Candidates:
    """Candidates with these momenta, one array for each event."""
    offsets = np.concatenate([[0], np.cumsum([len(event) for event in events])]).astype(np.int64)
    px, py, pz, energy = np.concatenate([np.empty((0, 4)), *events]).T.copy()
    zeros = np.zeros(len(px), np.float32)
    return Candidates(
        offsets=offsets,
        px=px,
        py=py,
        pz=pz,
        energy=energy,
        category=np.zeros(len(px), np.uint8),
        charge=np.zeros(len(px), np.int8),
        d0=zeros,
        d0_error=zeros,
        dz=zeros,
        dz_error=zeros,
    )


def pythia_events(n_events: int) -> list[F8]:
    """Visible particles of QCD events with hard jets, as a particle-level detector sees them."""
    pythia = pythia8mc.Pythia("", False)
    for setting in (
        "Print:quiet = on",
        "Beams:eCM = 13000.",
        "HardQCD:all = on",
        "PhaseSpace:pTHatMin = 400.",
        "Random:setSeed = on",
        "Random:seed = 5",
    ):
        assert pythia.readString(setting)
    assert pythia.init()
    particles = pythia.nextBatch(n_events, "skip").prt
    events = []
    for event in particles:
        p = np.stack([ak.to_numpy(event.p[name]) for name in ("px", "py", "pz", "e")], axis=1)
        visible = (ak.to_numpy(event.status) > 0) & ~np.isin(abs(event.id), NEUTRINOS)
        central = np.abs(p[:, 2]) < np.sinh(5.0) * np.hypot(p[:, 0], p[:, 1])
        events.append(p[visible & central])
    return events
