"""What a view changes besides its random numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from pydantic import Field, model_validator

from rs3l_data.describe import tree
from rs3l_data.describe.catalogue import entry
from rs3l_data.describe.owned import is_particle, parameter
from rs3l_data.describe.strict import Strict, validate

if TYPE_CHECKING:
    from rs3l_data.describe.config import Config
    from rs3l_data.describe.view import View

AFTER_THE_SHOWER = (
    "StringZ:",
    "StringPT:",
    "StringFlav:",
    "StringFragmentation:",
    "StringInteractions:",
    "Fragmentation:",
    "FragmentationSystems:",
    "ClosePacking:",
    "HadronVertex:",
    "MiniStringFragmentation:",
    "HadronLevel:",
    "ParticleDecays:",
    "BoseEinstein:",
    "HadronScatter:",
    "Rescattering:",
    "LowEnergyQCD:",
    "DeuteronProduction:",
    "Ropewalk:",
)
"""Settings of Pythia that act on partons after their shower and nowhere before."""

AFTER_THE_HARD_PROCESS = (
    "PartonLevel:",
    "PartonShowers:",
    "Vincia:",
    "TimeShower:",
    "SpaceShower:",
    "WeakShower:",
    "OniaShower:",
    "CharmoniumShower:",
    "BottomoniumShower:",
    "MultipartonInteractions:",
    "ColourReconnection:",
    "BeamRemnants:",
    "PartonVertex:",
    "TauDecays:",
    "RHadrons:",
    *(
        f"HiddenValley:{key}"
        for key in (
            *("FSR", "alpha", "pTmin", "fragment", "nFlav", "separateFlav", "prob", "aLund"),
            *("bLund", "rFact", "sigmaLund", "setabSigma", "setLambda", "Lambda"),
        )
    ),
    *AFTER_THE_SHOWER,
)
"""Settings of Pythia that leave the hard process and the decays of its resonances as they are.

Of Vincia's the tune alone does not, which is for a view or the run in any case.
"""

OF_THE_HARD_PROCESS = (
    *(f"PhaseSpace:{key}" for key in ("pTHat", "mHat", "Q2", "RsepMin", "bias2")),
    *(f"HardQCD:{key}" for key in ("all", "gg2", "qg2", "qq", "hard", "3parton")),
    *(f"PromptPhoton:{key}" for key in ("all", "qg2", "qqbar2", "gg2", "ffbar2")),
    *(f"Charmonium:{key}" for key in ("all", "gg2", "qg2", "qqbar2")),
    *(f"Bottomonium:{key}" for key in ("all", "gg2", "qg2", "qqbar2")),
    "Onia:all",
    *(f"HiddenValley:{key}" for key in ("all", "gg2", "qqbar2", "ffbar2")),
    "SigmaProcess:",
    "SecondHard:",
    "SoftQCD:",
    "PhotonCollision:",
    "PhotonParton:",
    "WeakBosonExchange:",
    "WeakSingleBoson:",
    "WeakDoubleBoson:",
    "WeakBosonAndParton:",
    "Top:",
    "TopThreshold:",
    "FourthBottom:",
    "FourthTop:",
    "FourthPair:",
    "HiggsSM:",
    "HiggsBSM:",
    "NewGaugeBoson:",
    "LeftRightSymmmetry:",
    "LeptoQuark:",
    "ExcitedFermion:",
    "ContactInteractions:",
    "ExtraDimensions",
    "SUSY:",
    "DM:",
)
"""Settings of Pythia that choose and generate the hard process. A saved one that is showered does
not obey them, and fails if they add a process. Others of `PhaseSpace:` and the like reach the
multiparton interactions."""

_WITHOUT_A_PROCESS = (
    "SigmaProcess:",
    *(f"PhaseSpace:{key}" for key in ("pTHat", "mHat", "Q2", "RsepMin")),
)
"""Those of them that leave saved hard events and pile-up as they are: couplings, scales, cuts"""

Direction = Literal["up", "down", "same"]
Point = Literal["shower", "hadronization", "detector"]


class Expectation(Strict):
    """What a variation does to jets, against the same jets in a view without it.

    Only what theory or the detector's description says clearly; unset is no statement.
    """

    n_constituents: Direction | None = Field(
        None, description="Mean number of constituents, of every label."
    )
    pt: Direction | None = Field(
        None, description="Mean of the jet's pT over its initiator's, of every label."
    )
    mass: Direction | None = Field(None, description="Mean mass of the jets of quarks and gluons.")
    softdrop_mass: Direction | None = Field(
        None, description="Place of the peak of contained W, Z, Higgs and top jets."
    )


class KnownVariation(Strict):
    """An entry of the catalogue of variations."""

    source: str = Field(min_length=1, description="Where the change and its size come from.")
    tune: str | None = Field(None, description="A tune of the catalogue; replaces the run's.")
    settings: tuple[str, ...] = Field((), description="Of Pythia, read after everything else.")
    detector: dict[str, Any] = Field(
        default_factory=dict, description="Keys of the detector card with other values."
    )
    expect: Expectation = Field(Expectation(), description="What happens to the jets.")
    reference: str | None = Field(
        None, description="Tune of the view that `expect` compares with; any, if not given."
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.tune or self.settings or self.detector):
            raise ValueError("it changes nothing: give `tune`, `settings` or `detector`")
        for tune in (self.tune, self.reference):
            if tune is not None:
                entry("tunes", tune)
        return self


@dataclass(frozen=True, slots=True)
class Variation:
    """A variation, from the catalogue or written in place."""

    tune: str | None = None
    """Replaces the run's"""
    settings: tuple[str, ...] = ()
    """Of Pythia, read after everything else"""
    detector: dict[str, Any] = field(default_factory=dict)
    """Keys of the detector card with other values"""


def variation(view: View) -> Variation:
    """Look up what a view changes.

    Raises
    ------
    ValueError
        If the catalogue does not have it, with the nearest name.
    """
    if view.variation is None:
        return Variation()
    if isinstance(view.variation, str):
        known = known_variation(view.variation)
        return Variation(known.tune, known.settings, known.detector)
    return Variation(settings=view.variation)


def tune_of(config: Config, view: str) -> str:
    """Name the tune of a view: that of its shower, or the run's."""
    root = config.views[tree.shower_of(config.views, view)]
    return variation(root).tune or config.generator.tune


def check_tunes(settings: Sequence[str], views: Mapping[str, View]) -> None:
    """Check that no tune, which sets much else, undoes settings that Pythia has read before it.

    Parameters
    ----------
    settings
        Of the run, read after its tune or a view's and before a view's settings.

    Raises
    ------
    ValueError
        Naming the view whose tune would be undone, or would undo them.
    """
    of_run = next(filter(_is_tune, settings), None)
    for name, view in views.items():
        changed = variation(view)
        if of_run and changed.tune:
            raise ValueError(
                f"generator.settings: '{of_run}' is read after the tune '{changed.tune}' of the"
                f" view '{name}' and would undo it: give the run's tune as `generator.tune`"
            )
        own = next(filter(_is_tune, changed.settings), None)
        if own and (undone := [line for line in settings if line not in changed.settings]):
            raise ValueError(
                f"views.{name}.variation: '{own}' would undo what `generator.settings` say, as it"
                f" is read after them: repeat {undone} behind it"
            )


def _is_tune(line: str) -> bool:
    return parameter(line).startswith("tune:")


def branch_settings(config: Config, view: str) -> list[str]:
    """List the settings that a view and those that it starts from change, its root's first."""
    branch = (config.views[name] for name in tree.path_to(config.views, view))
    return [line for one in branch for line in variation(one).settings]


@cache
def known_variation(name: str) -> KnownVariation:
    """Look up an entry of the catalogue.

    Raises
    ------
    ValueError
        If the catalogue does not have it, with the nearest name.
    ConfigError
        If the entry is wrong.
    """
    return validate(KnownVariation, entry("variations", name), f"catalogue of variations: {name}")


def points(changed: Variation | KnownVariation) -> tuple[Point, ...]:
    """List the intervention points at which a view can make a change.

    >>> points(Variation(settings=("StringZ:aLund = 0.6",)))
    ('shower', 'hadronization')
    """
    if changed.tune or not all(map(acts_after_the_shower, changed.settings)):
        return ("shower",)
    return ("shower", "hadronization") if changed.settings else get_args(Point)


def acts_after_the_shower(line: str) -> bool:
    """Say whether a setting changes the hadronisation or the decays alone.

    >>> acts_after_the_shower("StringZ:aLund = 0.6"), acts_after_the_shower("Tune:pp = 21")
    (True, False)
    """
    return is_particle(line) or _belongs_to(AFTER_THE_SHOWER, line)


def acts_after_the_hard_process(line: str) -> bool:
    """Say whether a setting leaves the hard process alone; one of a particle may not.

    >>> acts_after_the_hard_process("TimeShower:renormMultFac = 4")
    True
    >>> acts_after_the_hard_process("25:onMode = off")
    False
    """
    return _belongs_to(AFTER_THE_HARD_PROCESS, line)


def acts_on_the_hard_process(line: str) -> bool:
    """Say whether a setting is of the hard process alone.

    >>> acts_on_the_hard_process("PhaseSpace:pTHatMin = 600")
    True
    >>> acts_on_the_hard_process("HardQCD:nQuarkNew = 4")
    False
    """
    return _belongs_to(OF_THE_HARD_PROCESS, line)


def chooses_a_hard_process(line: str) -> bool:
    """Say whether a setting adds a hard process, or weights its phase space.

    >>> chooses_a_hard_process("HardQCD:all = on")
    True
    >>> chooses_a_hard_process("PhaseSpace:mHatMin = 500")
    False
    """
    return acts_on_the_hard_process(line) and not _belongs_to(_WITHOUT_A_PROCESS, line)


def _belongs_to(groups: tuple[str, ...], line: str) -> bool:
    return parameter(line).startswith(tuple(group.lower() for group in groups))
