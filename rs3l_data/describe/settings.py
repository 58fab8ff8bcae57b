"""From a config to the lists of settings that Pythia reads, in the order in which it must."""

from __future__ import annotations

from rs3l_data.describe.catalogue import entry
from rs3l_data.describe.config import Config

_QUIET = ("Print:quiet = on",)


def hard_settings(config: Config, process: str) -> list[str]:
    """List the settings that generate the hard events of a process."""
    spec = config.processes[process]
    low, high = config.hard.pt
    settings = [
        *_QUIET,
        *entry("tunes", config.generator.tune)["settings"],
        "Beams:idA = 2212",
        "Beams:idB = 2212",
        f"Beams:eCM = {config.hard.energy!r}",
        f"PhaseSpace:pTHatMin = {low!r}",
        f"PhaseSpace:pTHatMax = {high!r}",
        *config.generator.settings,
        *spec.settings,
        "PartonLevel:all = off",
    ]
    if config.hard.flatten_pt:
        settings += [
            "PhaseSpace:bias2Selection = on",
            f"PhaseSpace:bias2SelectionPow = {spec.flatten_power!r}",
            f"PhaseSpace:bias2SelectionRef = {low!r}",
        ]
    return settings


def view_settings(config: Config, view: str) -> list[str]:
    """List the settings with which a view showers restored hard events."""
    variation = config.views[view].variation
    tune = config.generator.tune
    changes: tuple[str, ...] = ()
    if isinstance(variation, str):
        named = entry("variations", variation)
        tune, changes = named.get("tune", tune), tuple(named.get("settings", ()))
    elif variation is not None:
        changes = variation
    card = config.detector.load()
    return [
        *_QUIET,
        # A tune overwrites what was set before it.
        *entry("tunes", tune)["settings"],
        "Beams:frameType = 5",
        # The saved masses, virtualities and lifetimes are to be kept as they are.
        "LesHouches:setQuarkMass = 0",
        "LesHouches:setLeptonMass = 0",
        "LesHouches:setLifetime = 0",
        "LesHouches:mRecalculate = -1.",
        # What would decay behind the calorimeters' faces meets them undecayed.
        "ParticleDecays:limitCylinder = on",
        f"ParticleDecays:xyMax = {card.solenoid.radius!r}",
        f"ParticleDecays:zMax = {card.solenoid.half_length!r}",
        *config.generator.settings,
        *changes,
    ]
