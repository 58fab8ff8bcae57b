"""What a `metrics.json` of `rs3l-train` holds, as far as the report shows it."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator


class _Finite(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)


class Calibration(_Finite):
    """How far a tagger's probabilities are from the truth."""

    ece: float
    ece_error: float
    ece_of_noise: float
    brier: float
    brier_error: float


class Cut(_Finite):
    """What the cut that the nominal view fixes does in another."""

    signal_efficiency: float
    signal_efficiency_error: float | None = None
    relative_to_nominal: float | None
    """Of the background that passes"""
    relative_to_nominal_error: float | None = None


class Shift(_Finite):
    """Wasserstein distance of a class's scores from the nominal view's, as ranks there."""

    distance: float
    of_noise: float
    """What two samples of one distribution would show, with so many jets"""


class Cosine(_Finite):
    """Of the embeddings of two versions of one jet."""

    same_jet: float
    same_jet_error: float | None = None


class Sculpting(_Finite):
    """What a cut does to the mass of the background."""

    jsd: float | None
    jsd_of_noise: float | None


class Row(_Finite):
    """A tagger's, or a baseline's, figures of merit in one view of the test split."""

    view: str
    auc: float
    auc_error: float | None = None
    n_background: int
    rejection: dict[str, float | None]
    """1/ε_B by signal efficiency; None where no background passes"""
    rejection_error: dict[str, float | None]
    accuracy: float | None = None
    accuracy_error: float | None = None
    calibration: Calibration | None = None
    at_nominal_threshold: dict[str, Cut] = {}
    """By signal efficiency in the nominal view"""
    wasserstein: dict[str, Shift] = {}
    """Of signal and background"""
    cosine: dict[str, Cosine] = {}
    """Of signal and background"""
    sculpting: dict[str, Sculpting] = {}
    """By signal efficiency"""
    name: str = ""
    """Of a baseline"""
    mode: str = ""
    labels: int = 0


class Sizes(_Finite):
    """Numbers of jets."""

    signal: int
    background: int


class Task(_Finite):
    """What was tagged."""

    signal: list[str]
    background: list[str]
    nominal_view: str
    training_views: list[str]
    """Those that labels were given in"""
    test_views: list[str]
    jets: dict[str, Sizes]
    """By split"""


class Comparison(_Finite):
    """Two ways of training against each other, draw by draw."""

    mode: str
    labels: int
    against: str
    against_labels: int
    signal_efficiency: float
    rejection_mean: float | None
    rejection_std: float | None
    against_rejection_mean: float | None
    against_rejection_std: float | None
    ratio: float | None
    ratio_error: float | None
    verdict: str


class Metrics(_Finite):
    """What a `metrics.json` holds that the report shows; each stage has some of it."""

    stage: str
    task: Task | None = None
    rows: list[Row] = []
    baselines: list[Row] = []
    comparisons: list[Comparison] = []
    warnings: list[str] = []
    views: list[str] = []
    """That a pretraining has learned from"""
    pretraining_views: list[str] | None = None
    """That the network of a tagger was pretrained on; none where it was not, None: not known"""
    diagnostics: dict[str, float] = {}
    final: dict[str, float] = {}
    jets: int | None = None
    parameters: int | None = None
    views_seen: int | None = None
    seconds: float | None = None

    @property
    def unseen_views(self) -> list[str]:
        """The views that taggers are tested in, but neither they nor their pretraining has seen."""
        if self.task is None or self.pretraining_views is None:
            return []
        seen = {*self.task.training_views, *self.pretraining_views}
        return [view for view in self.task.test_views if view not in seen]

    @model_validator(mode="after")
    def _same_efficiencies(self) -> Self:
        rows = self.rows + self.baselines
        given = [set(key) for row in rows for key in (row.rejection, row.rejection_error)]
        if any(keys != given[0] for keys in given):
            raise ValueError(
                "rows and baselines: expected `rejection` and `rejection_error` at the same signal"
                f" efficiencies everywhere, found {sorted(set.union(*given))} in some"
            )
        return self
