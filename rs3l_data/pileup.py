"""The pile-up of a job: from a config to its minimum-bias events and its crossings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rs3l_data.describe.branch import pileup_of
from rs3l_data.describe.config import Config
from rs3l_data.describe.seeds import event_keys, own_pythia_seeds
from rs3l_data.describe.settings import pileup_settings
from rs3l_data.detect.crossing import Crossings
from rs3l_data.errors import ConfigError
from rs3l_data.events.particles import Particles
from rs3l_data.simulate.minimum_bias import minimum_bias


def sample_of(config: Config, progress: Callable[[int], None]) -> Particles:
    """Generate the minimum-bias events of a run, each from its own seed."""
    events = np.arange(config.pileup.sample_events)
    seeds = own_pythia_seeds(config.seed, "pileup", "sample", events)
    return minimum_bias(pileup_settings(config), seeds, progress)


def crossings_of(
    config: Config,
    process: str,
    view: str,
    events: npt.NDArray[np.int64],
    sample: Particles | None,
    stage: str = "pileup",
) -> Crossings | None:
    """Prepare the crossings of a view's events; None if it has no pile-up.

    Parameters
    ----------
    stage
        Names the random numbers, with the view.

    Raises
    ------
    ConfigError
        If it has and there is no sample.
    """
    pileup = pileup_of(config, view)
    if pileup.mean == 0:
        return None
    if sample is None:
        raise ConfigError(
            f"view '{view}' has pile-up (mean {pileup.mean:g}) and there is no sample of "
            "minimum-bias events: make one with `rs3l-data pileup CONFIG --out FILE` and give it "
            "with --pileup FILE"
        )
    keys = event_keys(config.seed, process, f"{stage}/{view}", events)
    return Crossings(pileup, sample, keys)


def cut_crossings(crossings: Crossings | None, first: int, last: int) -> Crossings | None:
    """Cut the events ``first`` to ``last`` out of a view's crossings, if it has pile-up."""
    return None if crossings is None else replace(crossings, keys=crossings.keys[first:last])
