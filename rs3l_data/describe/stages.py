"""Which stage of an event a setting of Pythia acts on: hard process, shower, or hadrons."""

from __future__ import annotations

from rs3l_data.describe.owned import is_particle, parameter

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

_KEPT_AS_SAVED = (
    *("PDF:useHard", "PDF:pHardSet", "6:", "25:"),
    *(f"{v}:{key}" for v in (23, 24) for key in ("all", "new", "m0", "mWidth", "mMin", "mMax")),
)
"""Parton densities of the hard process alone; tops and Higgs bosons, which have decayed with it;
the masses of its W and Z bosons, but not their decays, since a weak shower may emit others."""

OF_THE_HARD_PROCESS = (
    *_KEPT_AS_SAVED,
    *(f"PhaseSpace:{key}" for key in ("pTHat", "mHat", "Q2", "RsepMin", "bias2")),
    *(f"HardQCD:{key}" for key in ("all", "gg2", "qg2", "qq", "hard", "3parton")),
    *(f"PromptPhoton:{key}" for key in ("all", "qg2", "qqbar2", "gg2", "ffbar2")),
    *(f"Charmonium:{key}" for key in ("all", "gg2", "qg2", "qqbar2")),
    *(f"Bottomonium:{key}" for key in ("all", "gg2", "qg2", "qqbar2")),
    "Onia:all",
    *(f"HiddenValley:{key}" for key in ("all", "gg2", "qqbar2", "ffbar2")),
    "SigmaProcess:",
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
multiparton interactions, as do the masses of W and Z bosons, which change little there but the
random numbers."""

_WITHOUT_A_PROCESS = (
    *_KEPT_AS_SAVED,
    "SigmaProcess:",
    *(f"PhaseSpace:{key}" for key in ("pTHat", "mHat", "Q2", "RsepMin")),
)
"""Those of them that neither add a process nor weight one: couplings, scales, cuts, masses"""


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
    >>> acts_on_the_hard_process("6:m0 = 175")
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
