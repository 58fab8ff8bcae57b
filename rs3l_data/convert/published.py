"""The layout of the files that RS3L's authors published (Zenodo 10.5281/zenodo.10633815).

`singletons` (N, V, 13): jettype; eight columns that nobody has described; pt, eta, phi and energy
of the jet. `jet_pflow_cands` (N, V, 11, P): features before particles, transformed for a network.
The second axis is the version of the event.
"""

from __future__ import annotations

JETS, CANDIDATES = "singletons", "jet_pflow_cands"
N_SINGLETONS = 13
JETTYPE = 0
PT, ETA, PHI, ENERGY = 9, 10, 11, 12

FEATURES = (
    "log pt",
    "log pt/pt_jet",
    "eta - eta_jet",
    "phi - phi_jet",
    "delta R",
    "log E",
    "log E/E_jet",
    "charge",
    "pdg_id",
    "tanh d0",
    "tanh dz",
)

VIEWS = ("nominal", "seed", "fsr_down", "fsr_up", "herwig")
"""Along the second axis; down and up are muR times 1/sqrt(2) and sqrt(2), as its readers say"""

CODES = {
    1: ("qcd", "q"),
    2: ("qcd", "c"),
    3: ("qcd", "b"),
    4: ("hbb", "Hbb"),
    5: ("qcd", "g"),
    6: ("qcd", "g"),
    7: ("qcd", "g"),
    8: ("qcd", "g"),
}
"""Process and label by jettype. A gluon splits to qq (5), cc (6), bb (7) or gg (8); from 9 on, the
authors' code and that of their readers disagree."""

SPLITTING = {6: 4, 7: 5}
"""The column `gluon_splitting` by jettype"""

PDG_IDS = {2: 4, 3: 5, 4: 25, 5: 21, 6: 21, 7: 21, 8: 21}
"""Of the initiator, by jettype; 0 where there are several"""
