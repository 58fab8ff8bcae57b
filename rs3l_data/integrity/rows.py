"""Whether a shard's initiators, decay products and further weights are what they should be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rs3l_data.describe.process import BY_FLAVOUR, FLAVOURS
from rs3l_data.describe.schema import Split
from rs3l_data.integrity.findings import Place
from rs3l_data.integrity.unknown import check_unknown, filled_in, unknown_columns
from rs3l_data.store.shard import Shard
from rs3l_data.store.split import split_of
from rs3l_data.store.tables import I8, Array, Columns

PI = np.float32(np.pi)
"""The largest azimuth of a column in float32, a rounding above π"""


def check_rows(columns: Columns, shard: Shard, place: Place) -> None:
    """Check the initiators of a shard, all of them at once: (n_rows,) each.

    Their ids, that the rows of an event follow one another in one part of the split, the split's
    rule, labels, weights and kinematics.
    """
    place = place.at("/initiators")
    event, process, split = (columns[name] for name in ("event", "process", "split"))
    place.rows("ids", "event", event < 0, event, "a number from 0")
    place.rows("ranges", "split", split > max(Split), split, "0, 1 or 2")
    _check_events(columns, place)
    _check_split_rule(columns, shard, place)
    _check_labels(columns, shard, place)
    config = shard.attributes["config"]
    unknown = unknown_columns(config, "initiators")
    check_unknown(columns, unknown, place)
    columns = filled_in(columns, ("pt", "eta", "phi"), config, columns["pdg_id"] == 0)
    for name in ("pt", "eta", "phi", "mass", "weight"):
        if name not in unknown:
            check_finite(columns, name, place)
    if "pt" not in unknown:
        place.rows("ranges", "pt", columns["pt"] <= 0, columns["pt"], "a momentum above 0")
    check_azimuth(columns, place)
    # A weight belongs to a hard event, so all its rows have the same one.
    same = (event[1:] == event[:-1]) & (process[1:] == process[:-1])
    weight = columns["weight"]
    differs = same & (weight[1:] != weight[:-1]) & ~np.isnan(weight[1:])
    place.at("/initiators", 1).rows(
        "weights", "weight", differs, weight[1:], "the weight of the event's other rows"
    )


def check_decays(columns: Columns, owner: I8, place: Place) -> None:
    """Check the decay products of a shard: (n_decays,) each, and the row of each."""
    place = place.at("/decays")
    for name in ("pt", "eta", "phi", "mass"):
        check_finite(columns, name, place, owner)
    place.rows("ranges", "pt", columns["pt"] < 0, columns["pt"], "no negative momentum", owner)
    check_azimuth(columns, place, owner)


def check_weights(values: npt.NDArray[np.float64], place: Place) -> None:
    """Check the further weights of a shard: (n_rows, n_weights)."""
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    every = np.ones(len(bad), bool)
    place.at("/weights").rows("finite", "values", every, values[bad], "finite numbers", owner=bad)


def check_finite(columns: Columns, name: str, place: Place, owner: I8 | None = None) -> None:
    """Note values that are NaN or infinite."""
    values = columns[name]
    place.rows("finite", name, ~np.isfinite(values), values, "a finite number", owner)


def check_azimuth(columns: Columns, place: Place, owner: I8 | None = None) -> None:
    """Note azimuths outside [-π, π]; what is not finite is noted elsewhere."""
    phi = columns["phi"]
    outside = np.isfinite(phi) & (np.abs(phi) > PI)
    place.rows("ranges", "phi", outside, phi, "an azimuth in [-pi, pi)", owner)


def _check_events(columns: Columns, place: Place) -> None:
    """Check that ids are unique, and that the rows of an event follow one another in one part."""
    event, process, initiator = (columns[name] for name in ("event", "process", "initiator"))
    rows = np.arange(len(event))
    order = np.lexsort((initiator, event, process))
    same_event = _repeats(order, process, event)
    doubled = same_event & (initiator[order][1:] == initiator[order][:-1])
    bad = np.isin(rows, order[1:][doubled])
    place.rows("ids", "initiator", bad, initiator, "an id that no other row has")
    parted = same_event & (columns["split"][order][1:] != columns["split"][order][:-1])
    bad = np.isin(rows, order[1:][parted])
    place.rows("splits", "split", bad, columns["split"], "the part of the event's other rows")
    # An event starts anew where it differs from the row before; each may start only once.
    starts = np.flatnonzero(
        np.r_[True, (event[1:] != event[:-1]) | (process[1:] != process[:-1])][: len(event)]
    )
    order = starts[np.lexsort((starts, event[starts], process[starts]))]
    bad = np.isin(rows, order[1:][_repeats(order, process, event)])
    place.rows("events", "event", bad, event, "the rows of an event one after the other")


def _repeats(order: I8, process: Array, event: Array) -> npt.NDArray[np.bool_]:
    """Whether each row, in some order, is of the same event as the one before it: (n - 1,)."""
    p, e = process[order], event[order]
    same: npt.NDArray[np.bool_] = (p[1:] == p[:-1]) & (e[1:] == e[:-1])
    return same


def _check_split_rule(columns: Columns, shard: Shard, place: Place) -> None:
    config = shard.attributes["config"]
    shares = config.get("split")
    seed = config.get("seed")
    if not isinstance(seed, int) or not isinstance(shares, Mapping):
        place.findings.leave_out("the rule of the split: the config has no `seed` and `split`")
        return
    fractions = tuple(shares.get(split.name.lower()) for split in Split)
    for number, name in enumerate(shard.processes):
        mine = columns["process"] == number
        try:
            expected = split_of(seed, name, columns["event"], fractions)  # type: ignore[arg-type]
        except (TypeError, ValueError) as error:
            place.findings.add("attributes", place.file, "config.split", error, "three shares")
            return
        place.rows(
            "splits",
            "split",
            mine & (columns["split"] != expected),
            columns["split"],
            "the part that the seed, the process and the event's number give",
        )


def _check_labels(columns: Columns, shard: Shard, place: Place) -> None:
    """Check that a row has the label of its process, or that of its code there."""
    processes = shard.attributes["config"].get("processes")
    if not isinstance(processes, Mapping):
        place.findings.leave_out("which labels a process may have: the config has no `processes`")
        return
    found = np.array([*shard.labels, ""], object)[columns["label"]]
    code = np.abs(columns["pdg_id"])
    for number, name in enumerate(shard.processes):
        mine = columns["process"] == number
        label = _label_of(processes.get(name))
        if label is None:
            continue
        if isinstance(label, str):
            wrong, expected = found != label, f"the label of the process '{name}': {label}"
        else:
            wrong = np.ones(len(found), bool)
            for of, own in label.items():
                wrong[code == of] = found[code == of] != own
            listed = ", ".join(f"{of}: {own}" for of, own in label.items())
            expected = f"the label of its PDG code in the process '{name}': {listed}"
        place.rows("labels", "label", mine & wrong, found, expected)


def _label_of(process: Any) -> str | Mapping[int, str] | None:
    """Give the label of a process, or those of its initiators by their PDG codes."""
    label = process.get("label") if isinstance(process, Mapping) else None
    if isinstance(label, Mapping):
        return {int(code): str(own) for code, own in label.items() if str(code).isdecimal()}
    if not isinstance(label, str):
        return None
    return FLAVOURS if label == BY_FLAVOUR else label
