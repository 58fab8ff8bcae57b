"""Whether the jets of a view and their constituents are as promised, and belong together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rs3l_data.describe.schema import JETS, OF_INITIATOR, Category, Status
from rs3l_data.integrity.findings import Place
from rs3l_data.integrity.rows import PI, check_azimuth, check_finite
from rs3l_data.integrity.unknown import check_unknown, filled_in, unknown_columns
from rs3l_data.offsets import row_of_each
from rs3l_data.store.tables import I8, Columns, View

SUM_TOLERANCE = 3e-6
"""By how much of a jet's energy each component of its momentum may miss the constituents' sum: both
are rounded to float32, angles of about 3 with them, and the differences add up"""
_SHELL_TOLERANCE = 1e-5
_CUT_TOLERANCE = 1e-6
_NEVER_NEGATIVE = (
    *("mass", "softdrop_mass", "tau1", "tau2", "tau3", "tau4", "n2"),
    *("n_b_hadrons", "n_c_hadrons"),
)
_CHARGED = (Category.CHARGED_HADRON, Category.ELECTRON, Category.MUON)
Mask = npt.NDArray[np.bool_]


def check_view(view: View, attributes: Mapping[str, Any], place: Place) -> None:
    """Check some rows of one view.

    Parameters
    ----------
    attributes
        Of the shard.
    place
        The view's group, and the first row here.
    """
    jets = place.at(f"{place.table}/jets", place.first)
    items = place.at(f"{place.table}/constituents", place.first)
    counts, found = np.diff(view.offsets), view.jets["n_constituents"]
    row = row_of_each(view.offsets)
    _check_status(view.jets, jets)
    _check_absent(view.jets, jets)
    config = attributes["config"]
    unknown = unknown_columns(config)
    check_unknown(view.jets, unknown, jets)
    _check_present(filled_in(view.jets, OF_INITIATOR, config), unknown, jets)
    _check_selection(view.jets, config.get("jets"), jets)
    unknown = unknown_columns(config, "constituents")
    check_unknown(view.constituents, unknown, items, row)
    _check_constituents(view.constituents, unknown, row, items)
    jets.rows("counts", "n_constituents", found != counts, found, "as many as there are")
    if attributes.get("constituents_complete", True):
        _check_sums(view, row, jets)
    else:
        place.findings.leave_out("sums of constituents: the shards say that not all are there")


def _check_status(jets: Columns, place: Place) -> None:
    present, status = jets["present"], jets["status"]
    place.rows("ranges", "status", status > max(Status), status, f"0 to {int(max(Status))}")
    place.rows(
        "present", "status", present != (status == Status.PRESENT), status, "0 where present only"
    )


def _check_absent(jets: Columns, place: Place) -> None:
    """Absent jets have NaN or 0; of the initiator, which the view may know, all or nothing."""
    absent = ~jets["present"]
    for column in JETS:
        if column.name not in jets or column.name in ("present", "status", *OF_INITIATOR):
            continue
        values = jets[column.name]
        filled = ~np.isnan(values) if values.dtype.kind == "f" else values != 0
        expected = "NaN, the jet is absent" if values.dtype.kind == "f" else "0, the jet is absent"
        place.rows("absent", column.name, absent & filled, values, expected)
    known = np.stack([np.isfinite(jets[name]) for name in OF_INITIATOR])
    partly = known.any(axis=0) != known.all(axis=0)
    place.rows("absent", "initiator_pt", partly, jets["initiator_pt"], "all three or none finite")


def _check_present(jets: Columns, unknown: frozenset[str], place: Place) -> None:
    present = jets["present"]
    jets = {name: values for name, values in jets.items() if name not in unknown}
    there = {name: np.where(present, values, 1) for name, values in jets.items()}
    floats = [name for name, values in jets.items() if values.dtype.kind == "f"]
    for name in floats:
        check_finite(there, name, place)
    place.rows("ranges", "pt", there["pt"] <= 0, there["pt"], "a momentum above 0")
    for name in filter(there.__contains__, _NEVER_NEGATIVE):
        place.rows("ranges", name, there[name] < 0, there[name], "nothing below 0")
    for name in filter(there.__contains__, ("phi", "initiator_phi")):
        far = np.abs(there[name]) > PI
        place.rows("ranges", name, far, there[name], "an azimuth in [-pi, pi)")
    if "gluon_splitting" in jets:
        values = jets["gluon_splitting"]
        place.rows("ranges", "gluon_splitting", ~np.isin(values, (0, 4, 5)), values, "0, 4 or 5")


def _check_selection(jets: Columns, cuts: Any, place: Place) -> None:
    """Check that what is present passes the config's cuts."""
    if not isinstance(cuts, Mapping):
        place.findings.leave_out("the jets' selection: the config has no `jets`")
        return
    for key, name in {"pt": "pt", "mass": "mass", "abs_eta_max": "eta"}.items():
        if (said := cuts.get(key)) is None:
            continue
        limits = _limits(said)
        if limits is None:
            place.findings.add(
                "attributes", place.file, f"config.jets.{key}", said, "a number, or two"
            )
            continue
        values = jets[name]
        slack = _CUT_TOLERANCE * max(map(abs, limits))
        bad = jets["present"] & ((values < limits[0] - slack) | (values > limits[1] + slack))
        place.rows("selection", name, bad, values, f"{limits[0]} to {limits[1]}, as jets.{key}")


def _limits(said: Any) -> tuple[float, float] | None:
    """Read two limits, or one of both signs; None if it is neither."""
    numbers = said if isinstance(said, list) else [said]
    if not all(isinstance(x, int | float) and not isinstance(x, bool) for x in numbers):
        return None
    match numbers:
        case [most] if not isinstance(said, list):
            return -most, most
        case [least, most]:
            return least, most
    return None


def _check_constituents(items: Columns, unknown: frozenset[str], row: I8, place: Place) -> None:
    known = {name: values for name, values in items.items() if name not in unknown}
    for name, values in known.items():
        if values.dtype.kind == "f":
            check_finite(items, name, place, row)
    pt, category, charge = items["pt"], items["category"], items["charge"]
    place.rows("ranges", "pt", pt <= 0, pt, "a momentum above 0", row)
    check_azimuth(items, place, row)
    rises = np.zeros(len(pt), bool)
    rises[1:] = (row[1:] == row[:-1]) & (pt[1:] > pt[:-1])
    place.rows("order", "pt", rises, pt, "no more than the constituent before it", row)
    place.rows("ranges", "category", category > max(Category), category, "0 to 4", row)
    charged = np.isin(category, _CHARGED)
    place.rows("ranges", "charge", np.abs(charge.astype(int)) > 1, charge, "-1, 0 or 1", row)
    wrong = charged != (charge != 0)
    place.rows("tracks", "charge", wrong, charge, "a charge where the category has one", row)
    for name in filter(known.__contains__, ("d0", "d0_error", "dz", "dz_error")):
        bad = ~charged & (items[name] != 0)
        place.rows("tracks", name, bad, items[name], "0 without a track", row)
    for name in filter(known.__contains__, ("d0_error", "dz_error")):
        place.rows("ranges", name, items[name] < 0, items[name], "no negative error", row)
    with np.errstate(over="ignore", invalid="ignore"):
        momentum = pt.astype(np.float64) * np.cosh(items["eta"].astype(np.float64))
    energy = items["energy"]
    below = energy < (1 - _SHELL_TOLERANCE) * momentum
    place.rows("ranges", "energy", below, energy, "at least the momentum", row)


def _check_sums(view: View, row: I8, place: Place) -> None:
    """Compare each jet's momentum with the sum of its constituents'."""
    jets, items = view.jets, view.constituents
    with np.errstate(over="ignore", invalid="ignore"):
        expected = _momenta(items["pt"], items["eta"], items["phi"])
        energies = items["energy"].astype(np.float64)
        parts = (*expected, energies)
        sums = np.stack([np.bincount(row, part, len(view)) for part in parts])
        found = np.stack(_momenta(jets["pt"], jets["eta"], jets["phi"]))
        momentum2 = (found**2).sum(axis=0)
        energy = np.sqrt(momentum2 + jets["mass"].astype(np.float64) ** 2)
        miss = np.abs(np.vstack([found, energy]) - sums).max(axis=0)
        # Written so that NaN is a miss too.
        bad = jets["present"] & ~(miss <= SUM_TOLERANCE * sums[3])
    share = np.divide(miss, sums[3], out=np.full(len(view), np.nan), where=sums[3] > 0)
    values = np.array([f"a momentum off by {one:.2g} of the energy" for one in share[bad]], object)
    described = np.full(len(view), None, object)
    described[bad] = values
    place.rows("sums", "", bad, described, "the sum of its constituents")


def _momenta(
    pt: npt.NDArray[Any], eta: npt.NDArray[Any], phi: npt.NDArray[Any]
) -> list[npt.NDArray[np.float64]]:
    pt, eta, phi = (values.astype(np.float64) for values in (pt, eta, phi))
    return [pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)]
