"""What every file says of its making: the resolved config and the software."""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from rs3l_data.describe.config import Config
from rs3l_data.source import source_digest

_SOURCE = (
    *("simulate", "exchange", "detect", "cluster", "events", "chain.py", "jet_table.py"),
    *("pileup.py", "offsets.py", "store/split.py", "describe/tree.py", "describe/branch.py"),
    *("describe/seeds.py", "describe/settings.py", "describe/owned.py", "describe/variation.py"),
    *("describe/card.py", "describe/cards.py", "describe/pileup.py", "describe/process.py"),
    *(f"describe/catalogue/{kind}.yaml" for kind in ("processes", "tunes", "variations")),
    "describe/catalogue/detectors",
)
"""What of the package makes the numbers of a dataset"""
_PACKAGES = ("rs3l", "pythia8mc", "fastjet", "numpy", "awkward", "numba", "h5py", "hdf5plugin")


def software() -> dict[str, str]:
    """List the versions of Python and of the packages that make a dataset.

    `rs3l_source` is a digest of the code and of the catalogue, of which one version may have
    several.
    """
    versions = {package: metadata.version(package) for package in _PACKAGES}
    source = source_digest(Path(__file__).parents[1], _SOURCE)
    return {"python": platform.python_version(), **versions, "rs3l_source": source}


def attributes(config: Config) -> dict[str, Any]:
    """Collect the attributes of a file; training and validation have no part in the data.

    A detector card of one's own is there by its numbers, as changes of one of the catalogue.
    """
    described = config.model_dump(mode="json", exclude={"training", "validation"})
    detector = config.detector.of_the_catalogue().model_dump(mode="json")
    return {"config": {**described, "detector": detector}, "software": software()}
