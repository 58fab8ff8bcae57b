"""The one description of a run: what a config file may say, with units and defaults.

The JSON schema for editors, the reference page and the error messages all come from here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from rs3l_data.describe import tree
from rs3l_data.describe.card import DetectorCard
from rs3l_data.describe.cards import load_card, merged
from rs3l_data.describe.catalogue import entry
from rs3l_data.describe.detector import Detector
from rs3l_data.describe.generator import Generator
from rs3l_data.describe.jets import Jets, Range
from rs3l_data.describe.pileup import PileupOfRun, pileup_on_branch
from rs3l_data.describe.process import Process
from rs3l_data.describe.schema import MOST_NAMES
from rs3l_data.describe.showers import check_showers
from rs3l_data.describe.strict import Strict, nearest
from rs3l_data.describe.tunes import check_tunes
from rs3l_data.describe.validation import Validation
from rs3l_data.describe.view import MOST_COPIES, View
from rs3l_data.describe.wording import NAME, found
from rs3l_data.errors import ConfigError, RS3LError

# In names of files, which have 255 bytes, together with others.
Name = Annotated[str, Field(pattern=NAME, max_length=100)]


class Hard(Strict):
    """Which hard events are kept, and how many one job handles."""

    energy: float = Field(13000.0, gt=0, description="Centre-of-mass energy of pp [GeV].")
    pt: Range = Field(
        (400.0, 1000.0),
        description="Range of the initiators' transverse momentum [GeV]. Pythia's pTHat is limited "
        "to it, too, unless the process's `settings` say what `PhaseSpace:pTHatMin` and `pTHatMax` "
        "are: right for the two outgoing particles of a 2 → 2 process, without effect where one "
        "comes out, and refused where it would lose events.",
    )
    abs_eta_max: float = Field(2.5, gt=0, description="Largest |η| of the initiators.")
    flatten_pt: bool = Field(
        False, description="Sample about flat in pT; the weights keep the physical spectrum."
    )
    chunk_events: int | None = Field(
        None,
        gt=0,
        description="Hard events in one job and one shard. If not given, chosen for each process "
        "so that its slowest job takes 24 to 60 minutes of CPU, less where memory bounds it, and "
        "kept; see docs/scale.md.",
    )

    @field_validator("pt")
    @classmethod
    def _ordered(cls, value: Range) -> Range:
        if not 0 < value[0] < value[1]:
            raise ValueError(f"expected 0 < lower < upper, found {list(value)}")
        return value


class SplitFractions(Strict):
    """Shares of the events; all views and initiators of an event lie in one part."""

    train: float = Field(0.7, ge=0, le=1, description="To train on.")
    validation: float = Field(
        0.1, ge=0, le=1, description="For decisions in a training, such as when it ends."
    )
    test: float = Field(0.2, ge=0, le=1, description="To measure on; no training sees it.")

    @model_validator(mode="after")
    def _sum(self) -> Self:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"the shares must add up to 1, found {total:g}")
        return self


class Store(Strict):
    """How shards are written."""

    compression: Literal["blosc2", "gzip", "none"] = Field(
        "blosc2",
        description="`gzip` and `none`, unlike `blosc2`, are read without the package hdf5plugin.",
    )


class Config(Strict):
    """A run: which collisions, which views of them, which detector, which jets."""

    name: Name = Field(description="The results appear in `results/<name>/`.")
    seed: int = Field(ge=0, description="Everything random follows from this number.")
    processes: dict[Name, Process] = Field(
        min_length=1, description="By name: one of the catalogue, or one's own."
    )
    views: dict[Name, View] = Field(
        min_length=1,
        description="By name; the first is the one that others are compared with. (Training takes "
        "the one called `nominal`, if there is one.)",
    )
    hard: Hard = Hard()
    generator: Generator = Generator()
    detector: Detector = Detector()
    pileup: PileupOfRun = PileupOfRun()
    jets: Jets = Jets()
    split: SplitFractions = SplitFractions()
    store: Store = Store()
    validation: Validation = Validation()
    training: dict[str, Any] | None = Field(
        None, description="What `rs3l_train` does with the dataset; see docs/training.md."
    )

    @field_validator("processes", mode="before")
    @classmethod
    def _complete(cls, value: Any) -> Any:
        """Fill what the catalogue knows into each process, so that a config says everything."""
        if not isinstance(value, dict):
            return value
        _require_text(value)
        return {name: _complete_process(name, given) for name, given in value.items()}

    @field_validator("processes")
    @classmethod
    def _apart(cls, value: dict[str, Process]) -> dict[str, Process]:
        """Refuse names whose shards would be one file where upper and lower case do not differ."""
        seen: dict[str, str] = {}
        for name in value:
            other = seen.setdefault(name.lower(), name)
            if other != name:
                raise ValueError(f"'{other}' and '{name}' differ in case alone; rename one")
        return value

    @field_validator("views", mode="before")
    @classmethod
    def _copies(cls, value: Any) -> Any:
        """Write a view with `copies: n` out as n views of their own, name_1 to name_n."""
        if not isinstance(value, dict):
            return value
        _require_text(value)
        views: dict[str, Any] = {}
        for name, given in value.items():
            n = given.get("copies", 1) if isinstance(given, dict) else 1
            # True is an int, too.
            if type(n) is not int or not 1 <= n <= MOST_COPIES:
                raise ValueError(
                    f"{name}.copies: expected a whole number from 1 to {MOST_COPIES}, found "
                    f"{found(n)}"
                )
            names = [f"{name}_{i + 1}" for i in range(n)] if n > 1 else [name]
            if taken := [one for one in names if one in views]:
                raise ValueError(
                    f"two views would be called '{taken[0]}': `copies` makes NAME_1, NAME_2, … of "
                    "a view, and these names must not be given to others; rename one"
                )
            alone = {**given, "copies": 1} if n > 1 else given
            views.update(dict.fromkeys(names, alone))
        return views

    @field_validator("views")
    @classmethod
    def _tree(cls, value: dict[str, View]) -> dict[str, View]:
        tree.check(value)
        return value

    @model_validator(mode="after")
    def _numbered(self) -> Self:
        for kind, names in (("processes", self.processes), ("labels", self.labels)):
            if len(names) > MOST_NAMES:
                raise ValueError(
                    f"processes: expected at most {MOST_NAMES} {kind}, found {len(names)}: divide "
                    "them among several runs"
                )
        return self

    @model_validator(mode="after")
    def _one_file_each(self) -> Self:
        views_of: dict[str, str] = {}
        for name, view in self.views.items():
            if view.hepmc is None:
                continue
            if "{process}" not in view.hepmc and len(self.processes) > 1:
                raise ValueError(
                    f"views.{name}.hepmc: there are {len(self.processes)} processes, expected "
                    f"{{process}} in the path, found '{view.hepmc}'"
                )
            if (first := views_of.setdefault(view.hepmc, name)) != name:
                raise ValueError(
                    f"views.{name}.hepmc: '{view.hepmc}' is that of '{first}', too, and its showers"
                    f" are the same: give `redo: detector` and `of: {first}`"
                )
        return self

    @model_validator(mode="after")
    def _changes(self) -> Self:
        check_tunes(self.generator.settings, self.views)
        check_showers(self.generator.settings, self.views)
        for name in self.views:
            try:
                card = self.card(name)
                pileup_on_branch(self.pileup, self.views, name)
            except RS3LError as error:
                raise ValueError(f"views.{name}: {error}") from None
            reach = self.jets.abs_eta_max + self.jets.radius
            if card.candidate_eta_max < reach:
                raise ValueError(
                    f"views.{name}: the detector's candidates end at |eta| = "
                    f"{card.candidate_eta_max:g}, inside jets that may reach {reach:g}: lower "
                    "jets.abs_eta_max or raise detector.overrides.candidate_eta_max"
                )
        return self

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        highest, least = self.hard.pt[1], self.jets.pt[0]
        if highest <= least:
            raise ValueError(
                f"hard.pt: expected initiators that a jet of jets.pt, from {least:g} GeV on, may "
                f"come from, found {list(self.hard.pt)} GeV; raise it, or lower jets.pt"
            )
        return self

    @model_validator(mode="after")
    def _validated_views(self) -> Self:
        chosen = self.validation.views or ()
        for name in chosen:
            if chosen.count(name) > 1:
                raise ValueError(f"validation.views: '{name}' stands there twice; give it once")
            if name not in self.views:
                raise ValueError(
                    f"validation.views: there is no view '{name}'; {nearest(name, [*self.views])}"
                )
        return self

    def card(self, view: str) -> DetectorCard:
        """Load the detector card of a view: that of the run with all changes on its branch."""
        changes: dict[str, Any] = self.detector.overrides
        for name in tree.path_to(self.views, view):
            for more in (self.views[name].changes.detector, self.views[name].detector):
                changes = merged(changes, more)
        return load_card(self.detector.card, changes)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the processes."""
        of_all = (process.label_of.values() for process in self.processes.values())
        return tuple(dict.fromkeys(name for names in of_all for name in names))

    def require(self, kind: Literal["processes", "views"], name: str) -> None:
        """Check that a process or a view exists.

        Raises
        ------
        ConfigError
            With the nearest valid name.
        """
        known = [*getattr(self, kind)]
        if name not in known:
            raise ConfigError(f"{kind}.{name}: not in the config; {nearest(name, known)}")

    def require_shower(self, view: str) -> None:
        """Check that a view exists and starts from the hard event, so that a job can make it.

        Raises
        ------
        ConfigError
            With the nearest valid name, or that of the view whose shower it shares.
        """
        self.require("views", view)
        if (root := tree.shower_of(self.views, view)) != view:
            raise ConfigError(
                f"view '{view}' shares the shower of '{root}' and is made with it; give that name"
            )


def _require_text(names: Iterable[Any]) -> None:
    """Refuse what YAML takes for something else than a name: `on`, a date, a number."""
    for name in names:
        if not isinstance(name, str):
            raise ValueError(f"expected text in quotes as the key; found {found(name)}")


def _complete_process(name: str, given: Any) -> Any:
    if not isinstance(given, dict) or "settings" in given:
        return given
    # Events of another program need nothing of Pythia, and nothing that the catalogue says of it.
    known = {"settings": ()} if given.get("lhe") else entry("processes", name)
    return {**known, **given}
