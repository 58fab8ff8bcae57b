"""What a config says of the comparison with one-pass Pythia."""

from __future__ import annotations

from pydantic import Field

from rs3l_data.describe.strict import Strict


class Validation(Strict):
    """The comparison of the views with Pythia in one go: `snakemake validation`."""

    events: int = Field(1000, gt=0, description="One-pass events of each process and setting.")
    views: tuple[str, ...] | None = Field(None, description="The views to check; all if not given.")
    threshold: float = Field(
        0.01, gt=0, lt=1, description="Probability of a false alarm anywhere on the page."
    )
    same_within: float = Field(
        0.02, gt=0, description="Relative shift up to which a variation counts as without effect."
    )
