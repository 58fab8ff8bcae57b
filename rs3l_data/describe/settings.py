"""From a config to the lists of settings that Pythia reads, in the order in which it must."""

from __future__ import annotations

from rs3l_data.describe.branch import branch_settings, tune_of
from rs3l_data.describe.card import DetectorCard
from rs3l_data.describe.catalogue import entry
from rs3l_data.describe.config import Config
from rs3l_data.describe.owned import is_particle, parameter
from rs3l_data.describe.process import Process
from rs3l_data.describe.tree import shower_of

_QUIET = ("Print:quiet = on",)
_UNTURNED = ("PartonVertex:randomPlane = off",)
"""With vertices of partons Pythia turns the event at random, the saved hard process with it"""


def hard_settings(config: Config, process: str) -> list[str]:
    """List the settings that generate the hard events of a process."""
    spec = config.processes[process]
    if spec.lhe:
        return _taken_settings(config, spec)
    low, high = config.hard.pt
    settings = [
        *_colliding(config),
        f"PhaseSpace:pTHatMin = {low!r}",
        f"PhaseSpace:pTHatMax = {high!r}",
        *config.generator.settings,
        *spec.settings,
        "PartonLevel:all = off",
    ]
    if config.hard.flatten_pt and spec.flatten_power > 0:
        settings += [
            "PhaseSpace:bias2Selection = on",
            f"PhaseSpace:bias2SelectionPow = {spec.flatten_power!r}",
            f"PhaseSpace:bias2SelectionRef = {low!r}",
        ]
    return settings


def pthat_is_cut_like_pt(config: Config, process: str) -> bool:
    """Say whether `hard.pt` limits Pythia's pTHat, too: the process does not set both limits."""
    own = (*config.generator.settings, *config.processes[process].settings)
    limits = {"phasespace:pthatmin", "phasespace:pthatmax"}
    return not limits <= {parameter(line) for line in own}


def pileup_settings(config: Config) -> list[str]:
    """List the settings that generate the minimum-bias events of pile-up.

    All of the inelastic cross section, diffraction included, because it is what an experiment's
    mean number of collisions counts (luminosity times inelastic cross section).
    """
    return [
        *_colliding(config),
        *_decays_inside(config.detector.load()),
        *config.generator.settings,
        "SoftQCD:inelastic = on",
    ]


def _taken_settings(config: Config, spec: Process) -> list[str]:
    """List the settings with which Pythia takes hard events in and decays their resonances.

    Masses that Les Houches events leave out (b quarks, leptons) it sets by its own defaults.
    """
    return [
        *_QUIET,
        *entry("tunes", config.generator.tune)["settings"],
        "Beams:frameType = 5",
        *config.generator.settings,
        *spec.settings,
        "PartonLevel:all = off",
    ]


def view_settings(config: Config, process: str, view: str) -> list[str]:
    """List the settings with which a view showers restored hard events of a process.

    Of the process's own settings they hold what it says of particles, as some decay after the hard
    process only; a variation is read later and may say something else.
    """
    own = (*config.generator.settings, *branch_settings(config, view))
    return [
        *_QUIET,
        # A tune overwrites what was set before it.
        *entry("tunes", tune_of(config, view))["settings"],
        "Beams:frameType = 5",
        # The saved masses, virtualities and lifetimes are to be kept as they are.
        "LesHouches:setQuarkMass = 0",
        "LesHouches:setLeptonMass = 0",
        "LesHouches:setLifetime = 0",
        "LesHouches:mRecalculate = -1.",
        *_decays_inside(_card_of_particles(config, view)),
        *(_UNTURNED if any(parameter(line).startswith("partonvertex:") for line in own) else ()),
        *config.generator.settings,
        *filter(is_particle, config.processes[process].settings),
        *branch_settings(config, view),
    ]


def hadronization_settings(config: Config, process: str, view: str) -> list[str]:
    """List the settings with which a view hadronises a saved parton shower of a process.

    The collision that Pythia is told of is a dummy, electrons to muons: the saved partons take its
    place before anything is made of it.
    """
    return [
        *view_settings(config, process, view),
        "PDF:lepton = off",
        "PartonLevel:MPI = off",
        "PartonLevel:ISR = off",
        "PartonLevel:FSR = off",
        "Check:event = off",
    ]


def onepass_settings(config: Config, process: str, view: str) -> list[str]:
    """List the settings with which Pythia makes a view's events in one go, hard process included.

    They are those of the hard process and of the view, in the order in which each reads them. Of
    the process's own settings all are among them, but none that acts after the hard process only:
    a config cannot give it there, since the views would not obey it.
    """
    generator = config.generator.model_copy(update={"tune": tune_of(config, view)})
    return [
        *hard_settings(config.model_copy(update={"generator": generator}), process),
        "PartonLevel:all = on",
        *_decays_inside(_card_of_particles(config, view)),
        *branch_settings(config, view),
    ]


def _colliding(config: Config) -> list[str]:
    """Begin the list of an instance that collides protons itself, with the run's tune."""
    return [
        *_QUIET,
        *entry("tunes", config.generator.tune)["settings"],
        "Beams:idA = 2212",
        "Beams:idB = 2212",
        f"Beams:eCM = {config.hard.energy!r}",
    ]


def _card_of_particles(config: Config, view: str) -> DetectorCard:
    # Of the branch's root: a view of another detector may share these particles.
    return config.card(shower_of(config.views, view))


def _decays_inside(card: DetectorCard) -> list[str]:
    """Let what would decay behind the calorimeters' faces meet them undecayed."""
    return [
        "ParticleDecays:limitCylinder = on",
        f"ParticleDecays:xyMax = {card.solenoid.radius!r}",
        f"ParticleDecays:zMax = {card.solenoid.half_length!r}",
    ]
