"""One initiator's jet in every view, side by side in the (η, φ) plane."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Circle

from rs3l_data.describe.schema import Category
from rs3l_data.report.histograms import F8
from rs3l_data.report.pictures import Picture
from rs3l_data.report.style import grid, picture
from rs3l_data.store.reader import Dataset

CATEGORIES = {
    Category.CHARGED_HADRON: ("charged hadron", "#0072B2"),
    Category.NEUTRAL_HADRON: ("neutral hadron", "#999999"),
    Category.PHOTON: ("photon", "#E69F00"),
    Category.ELECTRON: ("electron", "#009E73"),
    Category.MUON: ("muon", "#D55E00"),
}
"""In words, with the colour (Okabe and Ito, 2008)"""

_QUARKS_AND_LEPTONS = {
    **{1: "d", 2: "u", 3: "s", 4: "c", 5: "b", 6: "t"},
    **{11: "e", 13: r"\mu", 15: r"\tau", 12: r"\nu", 14: r"\nu", 16: r"\nu"},
    **{21: "g", 22: r"\gamma", 23: "Z", 24: "W", 25: "H"},
}
_AREA_OF_JET = 1600.0  # [pt²], of a constituent that carries the whole jet's momentum
_SMALLEST_AREA = 1.0


def example_rows(dataset: Dataset) -> dict[str, int]:
    """Choose one row of each process: the first whose jet is contained, and so present, everywhere.

    Without such a row, the first that is present in all views; a process that has none is left out.
    """
    present = np.ones(len(dataset), bool)
    contained = np.ones(len(dataset), bool)
    for view in dataset.views:
        jets = dataset.jets(view, ["present", "contained"])
        present &= jets["present"]
        contained &= jets["contained"]
    rows = {}
    for i, process in enumerate(dataset.processes):
        own = present & (dataset.initiators["process"] == i)
        if own.any():
            rows[process] = int(np.argmax(own & contained if (own & contained).any() else own))
    return rows


def jet_views(dataset: Dataset, process: str, row: int) -> Picture:
    """Draw one row in all views."""
    one = dataset[row : row + 1]
    initiator = {name: column[0] for name, column in one.initiators.items()}
    origin = "init" if _is_known(one) else "jet"
    radius = dataset.config.get("jets", {}).get("radius")
    half = _half_width(one, radius)
    figure, axes = grid(len(dataset.views), 3, 3.6, 3.75, sharex=True, sharey=True)
    for own, view in zip(axes, dataset.views, strict=True):
        _draw_jet(own, one, view, radius)
        _draw_decays(own, one)
        own.set(xlim=(-half, half), ylim=(-half, half), aspect="equal")
        own.set_xlabel(rf"$\eta - \eta_{{\mathrm{{{origin}}}}}$")
        own.set_ylabel(rf"$\phi - \phi_{{\mathrm{{{origin}}}}}$ [rad]")
        own.locator_params(nbins=5)
        own.tick_params(labelbottom=True, labelleft=True)
    figure.legend(
        handles=_legend(one, radius), loc="outside lower center", ncols=min(5, 2 * len(axes))
    )
    label = dataset.labels[int(initiator["label"])]
    about = f"PDG code {initiator['pdg_id']}"
    where = "the jet's axis, as the initiator's momentum is not known"
    if _is_known(one):
        about += f", pT = {initiator['pt']:.0f} GeV, η = {initiator['eta']:.2f}"
        where = "the initiator after the recoils of the view"
    return picture(
        figure,
        f"Constituents of one jet of {process} in the eta-phi plane, one panel for each view.",
        f"{process}, label {label}: event {initiator['event']}, initiator"
        f" {initiator['initiator']} ({about}). The origin is {where}; areas of circles are"
        " proportional to the constituents' pT; stars: the decay products, if any, as they lie"
        " about the initiator in the hard process.",
    )


def _is_known(one: Dataset) -> bool:
    """Whether the source told of the initiator's momentum: RS3L's record does not."""
    return bool(np.isfinite(one.initiators["eta"][0]))


def wrapped(angle: F8 | float) -> F8:
    """Bring differences of azimuths into [-π, π)."""
    return (np.asarray(angle, np.float64) + math.pi) % (2 * math.pi) - math.pi


def particle_symbol(pdg_id: int) -> str:
    r"""Write a particle of the hard process in mathtext.

    >>> print(particle_symbol(-5))
    $\bar{b}$
    """
    name = _QUARKS_AND_LEPTONS.get(abs(pdg_id), str(abs(pdg_id)))
    return f"$\\bar{{{name}}}$" if pdg_id < 0 and abs(pdg_id) < 20 else f"${name}$"


def _half_width(one: Dataset, radius: float | None) -> float:
    """Find the half width of the panels that holds every view's constituents."""
    farthest = 0.0 if radius is None else radius
    for view in one.views:
        eta, phi = _origin(one, view)
        _, constituents = one.constituents(view, ["eta", "phi"])
        for offset in (constituents["eta"] - eta, wrapped(constituents["phi"] - phi)):
            farthest = max(farthest, float(np.abs(offset).max(initial=0)))
    return 0.1 * math.ceil(10 * farthest + 0.5)


def _origin(one: Dataset, view: str) -> tuple[float, float]:
    """Look up η and φ of the initiator after the recoils of a view, or else of the jet."""
    prefix = "initiator_" if _is_known(one) else ""
    jet = one.jets(view, [f"{prefix}eta", f"{prefix}phi"])
    return float(jet[f"{prefix}eta"][0]), float(jet[f"{prefix}phi"][0])


def _draw_jet(axes: Axes, one: Dataset, view: str, radius: float | None) -> None:
    jet = {name: column[0] for name, column in one.jets(view).items()}
    eta, phi = _origin(one, view)
    _, constituents = one.constituents(view, ["pt", "eta", "phi", "category"])
    x, y = constituents["eta"] - eta, wrapped(constituents["phi"] - phi)
    area = _AREA_OF_JET * constituents["pt"] / jet["pt"]
    colours = [CATEGORIES[Category(code)][1] for code in constituents["category"]]
    axes.scatter(
        x, y, np.maximum(area, _SMALLEST_AREA), c=colours, alpha=0.6, linewidths=0, zorder=2
    )
    if radius is not None:
        centre = (float(jet["eta"] - eta), float(wrapped(float(jet["phi"]) - phi)))
        axes.add_patch(Circle(centre, radius, fill=False, linestyle="--", linewidth=0.7))
    axes.plot(0, 0, "+", color="black", markersize=9, zorder=4)
    axes.set_title(
        f"{view}: m = {jet['mass']:.0f} GeV, n = {jet['n_constituents']}", fontsize=9.5, loc="left"
    )


def _draw_decays(axes: Axes, one: Dataset) -> None:
    eta, phi = (float(one.initiators[name][0]) for name in ("eta", "phi"))
    _, decays = one.decays()
    x, y = decays["eta"] - eta, wrapped(decays["phi"] - phi)
    axes.plot(x, y, "*", color="white", markeredgecolor="black", markersize=10, zorder=5)
    for pdg_id, a, b in zip(decays["pdg_id"], x, y, strict=True):
        axes.annotate(
            particle_symbol(int(pdg_id)),
            (a, b),
            xytext=(6, 4),
            textcoords="offset points",
            fontsize=10,
            zorder=6,
        )


def _legend(one: Dataset, radius: float | None) -> list[Line2D]:
    def point(marker: str, colour: str, label: str, edge: str | None = None) -> Line2D:
        marks = {"linestyle": "", "markersize": 7, "markeredgecolor": edge or colour}
        return Line2D([], [], marker=marker, color=colour, label=label, **marks)  # type: ignore[arg-type]

    handles = [point("o", colour, name) for name, colour in CATEGORIES.values()]
    handles.append(point("+", "black", "initiator" if _is_known(one) else "jet axis"))
    if len(one.decays()[1]["pdg_id"]):
        handles.append(point("*", "white", "decay product", edge="black"))
    if radius is not None:
        handles.append(Line2D([], [], color="black", linestyle="--", label=f"jet, R = {radius:g}"))
    return handles
