"""What a config says of jets."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from rs3l_data.describe.strict import Strict

Range = tuple[float, float]
JetAlgorithm = Literal["antikt", "cambridge", "kt"]


class Jets(Strict):
    """Jet finding, and which jets count as present."""

    algorithm: JetAlgorithm = Field(
        "antikt", description="Algorithm of FastJet: anti-kT, Cambridge/Aachen or kT."
    )
    radius: float = Field(0.8, gt=0, le=2, description="Radius R of the algorithm.")
    candidate_pt_min: float = Field(
        0.5,
        ge=0,
        description="Least transverse momentum of the candidates that are clustered [GeV].",
    )
    pt: Range = Field((350.0, 1e6), description="Range of the transverse momentum of a jet [GeV].")
    abs_eta_max: float = Field(2.5, gt=0, description="Largest |η| of a jet.")
    mass: Range = Field((0.0, 1e6), description="Range of the mass of a jet [GeV].")
    match_delta_r: float = Field(
        0.5, gt=0, description="Largest ΔR between a jet and the initiator that it belongs to."
    )

    @field_validator("pt", "mass")
    @classmethod
    def _ordered(cls, value: Range) -> Range:
        if not 0 <= value[0] < value[1]:
            raise ValueError(f"expected 0 <= lower < upper, found {list(value)}")
        return value
