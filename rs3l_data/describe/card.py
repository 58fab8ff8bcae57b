"""The detector card: every number that the parametrised detector uses, with its source."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from rs3l_data.describe.numbers import Fraction, NotNegative, Positive
from rs3l_data.describe.strict import Strict

Edges = Annotated[tuple[NotNegative, ...], Field(min_length=1)]

# A factor above that is a number of per cent: 102 where 1.02 was meant.
_GREATEST_FACTOR = 10
Scale = Annotated[float, Field(gt=0, le=_GREATEST_FACTOR)]
Factor = Annotated[float, Field(ge=0, le=_GREATEST_FACTOR)]


class Solenoid(Strict):
    """A uniform field along z inside a cylinder whose surface is the calorimeters' front."""

    source: str = ""
    field: Positive = Field(description="Magnetic field along +z [T]")
    radius: Positive = Field(description="Radius of the cylinder [mm]")
    half_length: Positive = Field(description="Half of the cylinder's length [mm]")


class Efficiency(Strict):
    """An efficiency, constant in bins of |η| and pT; 0 beyond the last η and below the first pT."""

    eta_max: Edges = Field(description="Upper edges of the bins in |η|")
    pt_min: Edges = Field(description="Lower edges of the bins in pT [GeV]")
    values: tuple[tuple[Fraction, ...], ...] = Field(description="One row for each bin in |η|")

    @model_validator(mode="after")
    def _shape(self) -> Self:
        _rising("eta_max", self.eta_max)
        _rising("pt_min", self.pt_min)
        _same_length("values", len(self.values), "eta_max", len(self.eta_max))
        for row in self.values:
            _same_length("each row of values", len(row), "pt_min", len(self.pt_min))
        return self


class MomentumResolution(Strict):
    """σ(pT)/pT = sqrt(constant² + (slope pT)²) in bands of |η|."""

    eta_max: Edges = Field(description="Upper edges of the bands in |η|")
    constant: tuple[NotNegative, ...]
    slope: tuple[NotNegative, ...] = Field(description="[1/GeV]")

    @model_validator(mode="after")
    def _shape(self) -> Self:
        _rising("eta_max", self.eta_max)
        for name in ("constant", "slope"):
            _same_length(name, len(getattr(self, name)), "eta_max", len(self.eta_max))
        return self


class ImpactResolution(Strict):
    """σ² = a² + b²/pT + c²/pT² in bands of |η|, for one impact parameter."""

    source: str = ""
    eta_max: Edges = Field(description="Upper edges of the bands in |η|")
    a: tuple[Positive, ...] = Field(description="[mm]")
    b: tuple[NotNegative, ...] = Field(description="[mm GeV^(1/2)]")
    c: tuple[NotNegative, ...] = Field(description="[mm GeV]")

    @model_validator(mode="after")
    def _shape(self) -> Self:
        _rising("eta_max", self.eta_max)
        for name in ("a", "b", "c"):
            _same_length(name, len(getattr(self, name)), "eta_max", len(self.eta_max))
        return self


class TrackSpecies(Strict):
    """How one species of charged particle is tracked."""

    efficiency: Efficiency
    momentum: MomentumResolution

    @model_validator(mode="after")
    def _covered(self) -> Self:
        if self.momentum.eta_max[-1] < self.efficiency.eta_max[-1]:
            raise ValueError(
                f"the momentum resolution ends at |eta| = {self.momentum.eta_max[-1]}, inside the "
                f"tracking efficiency's {self.efficiency.eta_max[-1]}: extend its eta_max"
            )
        return self


class Displacement(Strict):
    """The efficiency falls linearly with the radius of production, to 0 at ``radius_max``."""

    source: str = ""
    radius_max: Positive = Field(description="[mm]")


class PrimaryVertex(Strict):
    """A track is of the primary vertex if |dz| < significance σ(dz), kept within two bounds."""

    source: str = ""
    significance: Positive = 5.0
    dz_min: NotNegative = Field(1.0, description="The cut is never tighter than this [mm]")
    dz_max: Positive = Field(3.0, description="And never looser than this [mm]")

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.dz_min > self.dz_max:
            raise ValueError(f"dz_min {self.dz_min} must not exceed dz_max {self.dz_max}")
        return self


class Tracking(Strict):
    """The tracker."""

    source: str = ""
    charged_hadron: TrackSpecies
    electron: TrackSpecies
    muon: TrackSpecies
    displacement: Displacement
    d0: ImpactResolution
    dz: ImpactResolution
    primary_vertex: PrimaryVertex = PrimaryVertex()

    @model_validator(mode="after")
    def _covered(self) -> Self:
        reach = max(
            species.efficiency.eta_max[-1]
            for species in (self.charged_hadron, self.electron, self.muon)
        )
        for name in ("d0", "dz"):
            if getattr(self, name).eta_max[-1] < reach:
                raise ValueError(f"the resolution of {name} must reach |eta| = {reach}")
        return self


class CellRegion(Strict):
    """Rings of equal cells, mirrored to negative η."""

    eta_edges: Annotated[tuple[NotNegative, ...], Field(min_length=2)]
    rings: Annotated[int, Field(ge=1)] = Field(1, description="Rings in each interval of eta_edges")
    n_phi: Annotated[int, Field(ge=1)] = Field(description="Cells in a ring")

    @model_validator(mode="after")
    def _shape(self) -> Self:
        _rising("eta_edges", self.eta_edges)
        return self


class EnergyResolution(Strict):
    """σ² = shape(η)² (constant² E² + stochastic² E + noise²), up to ``eta_max``."""

    eta_max: Positive
    constant: NotNegative
    stochastic: NotNegative = Field(description="[GeV^(1/2)]")
    noise: NotNegative = Field(description="[GeV]")
    shape: tuple[Positive, float, float] = Field(
        (1.0, 0.0, 0.0), description="s0, s1, s2 of shape(η) = s0 + s1 (|η| - s2)²"
    )


class EnergyFractions(Strict):
    """The share of a particle's energy that this calorimeter absorbs; muons leave none."""

    charged_hadron: Fraction
    neutral_hadron: Fraction
    photon: Fraction
    electron: Fraction
    v0: Fraction = Field(description="K0_S and Λ that reach the calorimeter undecayed")


class Calorimeter(Strict):
    """A calorimeter of cells, and what counts as an excess over the tracks in one of them."""

    source: str = ""
    cells: Annotated[tuple[CellRegion, ...], Field(min_length=1)]
    resolution: Annotated[tuple[EnergyResolution, ...], Field(min_length=1)]
    fractions: EnergyFractions
    energy_min: NotNegative = Field(description="Least energy of a neutral candidate [GeV]")
    significance_min: NotNegative = Field(description="Least excess over its uncertainty")

    @model_validator(mode="after")
    def _contiguous(self) -> Self:
        start = 0.0
        for region in self.cells:
            if region.eta_edges[0] != start:
                raise ValueError(
                    f"a region of cells starts at |eta| = {region.eta_edges[0]}, expected {start}"
                )
            start = region.eta_edges[-1]
        _rising("resolution.eta_max", tuple(band.eta_max for band in self.resolution))
        if self.resolution[-1].eta_max < start:
            raise ValueError(
                f"the resolution ends at |eta| = {self.resolution[-1].eta_max}, "
                f"inside the cells, which end at {start}"
            )
        return self


class DetectorCard(Strict):
    """A parametrised detector; the factors and scales are 1 in the nominal detector."""

    name: str
    solenoid: Solenoid
    tracking: Tracking
    ecal: Calorimeter
    hcal: Calorimeter
    candidate_pt_min: NotNegative = Field(description="Least pT of a candidate [GeV]")
    # Beyond 700 its hyperbolic sine, pz over pT, is more than a number can be.
    candidate_eta_max: Positive = Field(le=100, description="Greatest |η| of a candidate")
    track_scale: Scale = Field(1.0, description="Factor on measured track momenta")
    ecal_scale: Scale = Field(1.0, description="Factor on measured ECAL energies")
    hcal_scale: Scale = Field(1.0, description="Factor on measured HCAL energies")
    tracking_efficiency_factor: Factor = Field(
        1.0, description="Factor on the tracking efficiency, which stays at most 1"
    )
    track_resolution_factor: Factor = Field(1.0, description="Factor on σ(pT)")
    ecal_resolution_factor: Factor = Field(1.0, description="Factor on σ(E) of ECAL cells")
    hcal_resolution_factor: Factor = Field(1.0, description="Factor on σ(E) of HCAL cells")
    impact_parameter_resolution_factor: Scale = Field(1.0, description="Factor on σ(d0) and σ(dz)")

    @model_validator(mode="after")
    def _energy_conserved(self) -> Self:
        for species in EnergyFractions.model_fields:
            total = getattr(self.ecal.fractions, species) + getattr(self.hcal.fractions, species)
            if total > 1:
                raise ValueError(
                    f"ecal.fractions.{species} + hcal.fractions.{species} = {total:g}, "
                    "expected at most 1"
                )
        return self


def _rising(name: str, edges: tuple[float, ...]) -> None:
    if any(high <= low for low, high in pairwise(edges)):
        raise ValueError(f"{name} must rise strictly; found {list(edges)}")


def _same_length(name: str, found: int, other: str, expected: int) -> None:
    if found != expected:
        raise ValueError(f"{name} has {found} entries, {other} has {expected}: they must agree")
