"""A file in the layout that RS3L published, as its authors make one."""

import math

import h5py
import numpy as np

import rs3l_data
from rs3l_data.convert.published_in import read_published
from rs3l_data.convert.sources import Source
from tests.data.convert.conftest import (
    wrapped,
)

PDG_ID = {0: 211, 1: 0, 2: 22, 3: -11, 4: -13}
CODES = (1, 2, 3, 4, 6, 7, 8)


def read(path, to, **options):
    read_published([Source(path, options.pop("split", None))], to, **options)
    return rs3l_data.open(to)


def published_file(path, n=40, n_views=5, n_candidates=12, seed=1):
    """Write a file as the authors' scripts make it: a loop over jets, zeros where nothing is."""
    rng = np.random.default_rng(seed)
    singletons = np.zeros((n + 1, n_views, 13))
    candidates = np.zeros((n + 1, n_views, 11, n_candidates))
    for row in range(n):  # the last row stays empty
        for view in range(n_views):
            axis_eta, axis_phi = rng.uniform(-2, 2), rng.uniform(-math.pi, math.pi)
            count = rng.integers(3, n_candidates + 1)
            pt = np.sort(1 + rng.exponential(40, count))[::-1]
            eta = axis_eta + rng.normal(0, 0.05, count)
            phi = wrapped(axis_phi + rng.normal(0, 0.05, count))
            energy = pt * np.cosh(eta)
            px, py, pz = (pt * f for f in (np.cos(phi), np.sin(phi), np.sinh(eta)))
            jet_pt = np.hypot(px.sum(), py.sum())
            jet_eta, jet_phi = np.arcsinh(pz.sum() / jet_pt), np.arctan2(py.sum(), px.sum())
            singletons[row, view] = [
                CODES[row % len(CODES)],
                *rng.normal(size=8),
                *(jet_pt, jet_eta, jet_phi, energy.sum()),
            ]
            kind = rng.integers(0, 5, count)
            charge = np.where(np.isin(kind, (0, 3, 4)), rng.choice([-1, 1], count), 0)
            deta, dphi = eta - jet_eta, wrapped(phi - jet_phi)
            for place in range(count):
                pdg_id = PDG_ID[kind[place]] * (charge[place] or 1)
                candidates[row, view, :, place] = [
                    math.log(pt[place]),
                    math.log(pt[place] / jet_pt),
                    deta[place],
                    dphi[place],
                    math.hypot(deta[place], dphi[place]),
                    math.log(energy[place]),
                    math.log(energy[place] / energy.sum()),
                    charge[place],
                    pdg_id,
                    math.tanh(rng.normal(0, 0.1)) if charge[place] else 0,
                    math.tanh(rng.normal(0, 0.2)) if charge[place] else 0,
                ]
    with h5py.File(path, "w") as file:
        file["singletons"], file["jet_pflow_cands"] = singletons, candidates
    return singletons, candidates
