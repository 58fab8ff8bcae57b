"""What is measured."""

from __future__ import annotations

from pydantic import Field, field_validator

from rs3l_data.describe.strict import Strict
from rs3l_train.config.numbers import Count, Fraction, Positive
from rs3l_train.config.once import Once


class EvaluationConfig(Strict):
    """What is measured on the test split."""

    efficiencies: Once[tuple[Fraction, ...]] = Field(
        default=(0.3, 0.5, 0.7), min_length=1, description="signal efficiencies of the rejections"
    )
    signal_mass: Positive = Field(
        default=125.0, description="centre of the soft-drop mass window of the baselines [GeV]"
    )
    mass_window: Positive = Field(
        default=25.0,
        description="half width of the window inside which N2, τ21 and τ32 are used, too [GeV]",
    )
    temperature_scaling: bool = Field(
        default=True,
        description="also calibrate scores by one factor, fitted on validation (arXiv:1706.04599)",
    )
    max_jets: Count | None = Field(default=None, description="test jets of the task; null: all")

    @field_validator("efficiencies")
    @classmethod
    def _named_apart(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        """Check that no two have the same name among the results, which has six digits."""
        by_name: dict[str, float] = {}
        for value in values:
            other = by_name.setdefault(f"{value:g}", value)
            if other != value:
                raise ValueError(
                    f"{other} and {value} are both called {value:g} in the results; leave one out"
                )
        return values

    @property
    def middle_efficiency(self) -> float:
        """The signal efficiency that pictures of one cut use."""
        return sorted(self.efficiencies)[len(self.efficiencies) // 2]
