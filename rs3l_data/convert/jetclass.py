"""The layout of JetClass (arXiv:2202.03772, Zenodo 10.5281/zenodo.6619768): ROOT, tree `tree`."""

from __future__ import annotations

from rs3l_data.describe.schema import Category

TREE = "tree"

FLAGS = {
    Category.CHARGED_HADRON: "isChargedHadron",
    Category.NEUTRAL_HADRON: "isNeutralHadron",
    Category.PHOTON: "isPhoton",
    Category.ELECTRON: "isElectron",
    Category.MUON: "isMuon",
}

TRACK = {"d0": "d0val", "d0_error": "d0err", "dz": "dzval", "dz_error": "dzerr"}
"""JetClass's branch, after `part_`, of our columns"""

SUBSTRUCTURE = {
    "softdrop_mass": "jet_sdmass",
    "tau1": "jet_tau1",
    "tau2": "jet_tau2",
    "tau3": "jet_tau3",
    "tau4": "jet_tau4",
}
"""Branch of our columns of jets"""

CLASSES = ("QCD", "Hbb", "Hcc", "Hgg", "H4q", "Hqql", "Zqq", "Wqq", "Tbqq", "Tbl")
"""Branches `label_*`, of which one is 1"""

CLASS_OF_LABEL = {
    **dict.fromkeys(("q", "c", "b", "g"), "QCD"),
    **{name: name for name in CLASSES},
    "Z": "Zqq",
    "W": "Wqq",
    "top": "Tbqq",
}
LABEL_OF_CLASS = {
    **{name: name for name in CLASSES},
    "Zqq": "Z",
    "Wqq": "W",
    "Tbqq": "top",
}
