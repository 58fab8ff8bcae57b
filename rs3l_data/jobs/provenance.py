"""What every file says of its making: the resolved config and the software."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Any

from rs3l_data.describe.config import Config

_PACKAGES = ("rs3l", "pythia8mc", "fastjet", "numpy", "awkward", "numba", "h5py", "hdf5plugin")


def software() -> dict[str, str]:
    """List the versions of Python and of the packages that make a dataset."""
    return {"python": platform.python_version(), **{p: metadata.version(p) for p in _PACKAGES}}


def attributes(config: Config) -> dict[str, Any]:
    """Collect the attributes of a file; training and validation have no part in the data."""
    return {
        "config": config.model_dump(mode="json", exclude={"training", "validation"}),
        "software": software(),
    }
