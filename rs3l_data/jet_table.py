"""One batch of a view, from stable particles to a table of jets: a row for each initiator."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rs3l_data.cluster import kinematics
from rs3l_data.cluster.flavour import hadrons_in_jets, splitting_in_jets
from rs3l_data.cluster.jets import Ghosts, cluster
from rs3l_data.cluster.matching import NO_JET, contained, match
from rs3l_data.cluster.substructure import substructure
from rs3l_data.describe.card import DetectorCard
from rs3l_data.describe.jets import Jets
from rs3l_data.describe.schema import CONSTITUENTS, JETS, Status, empty
from rs3l_data.detect.candidates import Candidates
from rs3l_data.detect.crossing import Crossings, detect_crossings
from rs3l_data.detect.detector import detect
from rs3l_data.offsets import items_of, offsets_of
from rs3l_data.simulate.initiators import Rows
from rs3l_data.simulate.resimulate import Batch
from rs3l_data.stopwatch import Stopwatch
from rs3l_data.store.tables import Columns, View

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
FOUR_MOMENTUM = ("px", "py", "pz", "energy")


def batch_table(
    settings: Jets,
    card: DetectorCard,
    batch: Batch,
    rows: Rows,
    keys: npt.NDArray[np.uint64],
    crossings: Crossings | None,
    stopwatch: Stopwatch,
) -> View:
    """Detect, cluster and match a batch, and tabulate the jets.

    Parameters
    ----------
    rows
        The initiators of the batch's hard events.
    keys
        Of the detector's noise, (n_events,).
    crossings
        The pile-up of these events, if there is any.
    """
    if crossings is None:
        with stopwatch("detector"):
            candidates = detect(batch.particles, card, keys)
    else:
        candidates = detect_crossings(batch.particles, card, keys, crossings, stopwatch)
    with stopwatch("jets"):
        hadrons = batch.heavy_hadrons
        jets = cluster(
            candidates,
            settings.radius,
            settings.candidate_pt_min,
            jet_pt_min=settings.pt[0],
            ghosts=Ghosts(hadrons.offsets, hadrons.momentum),
            algorithm=settings.algorithm,
        )
    with stopwatch("match"):
        of_jets = kinematics.transverse(jets.px, jets.py, jets.pz)
        of_jets["mass"] = kinematics.mass(jets.px, jets.py, jets.pz, jets.energy)
        axes = of_jets["eta"], of_jets["phi"]
        target, product = (
            kinematics.transverse(*batch.hard_momenta[index, :3].T)
            for index in (rows.initiator, rows.decay)
        )
        matched = match(
            jets.offsets, *axes, rows.event, target["eta"], target["phi"], settings.match_delta_r
        )
        inside = contained(
            matched, *axes, rows.decay_offsets, product["eta"], product["phi"], settings.radius
        )
        status = _status(settings, batch.generated[rows.event], matched, of_jets)
        table = empty(JETS, len(matched))
        table["status"][:] = status
        for name, values in target.items():
            table[f"initiator_{name}"][:] = values
        present = np.flatnonzero(status == Status.PRESENT)
        jet = matched[present]
        table["present"][present] = True
        table["contained"][present] = inside[present]
        for name, values in of_jets.items():
            table[name][present] = values[jet]
    with stopwatch("flavour"):
        b, c = hadrons_in_jets(jets.n_jets, jets.ghost_jet, hadrons.flavour)
        table["n_b_hadrons"][present], table["n_c_hadrons"][present] = b[jet], c[jet]
        split = batch.splittings
        table["gluon_splitting"][present] = splitting_in_jets(
            jets.offsets, *axes, split.offsets, split.flavour, split.momentum, settings.radius
        )[jet]
    with stopwatch("substructure"):
        offsets, chosen = items_of(jets.constituent_offsets, jet)
        index = jets.constituent_index[chosen]
        table["n_constituents"][present] = np.diff(offsets)
        px, py, pz, energy = (getattr(candidates, name)[index] for name in FOUR_MOMENTUM)
        observables = substructure(offsets, px, py, pz, energy, settings.radius)
        for name, values in observables.items():
            table[name][present] = values
    with stopwatch("table"):
        return View(table, _constituents(candidates, index), _row_offsets(present, offsets, table))


def _status(
    settings: Jets, generated: npt.NDArray[np.bool_], matched: I8, jets: dict[str, F8]
) -> npt.NDArray[np.uint8]:
    """Say of each row what became of its jet."""
    status = np.full(len(matched), Status.NO_JET_MATCHED, np.uint8)
    status[~generated] = Status.GENERATOR_FAILED
    rows = np.flatnonzero(matched != NO_JET)
    pt, eta, mass = (jets[name][matched[rows]] for name in ("pt", "eta", "mass"))
    selected = (
        (pt >= settings.pt[0])
        & (pt <= settings.pt[1])
        & (np.abs(eta) <= settings.abs_eta_max)
        & (mass >= settings.mass[0])
        & (mass <= settings.mass[1])
    )
    status[rows] = np.where(selected, Status.PRESENT, Status.FAILED_SELECTION)
    return status


def _constituents(candidates: Candidates, index: I8) -> Columns:
    px, py, pz = candidates.px[index], candidates.py[index], candidates.pz[index]
    columns: Columns = {**kinematics.transverse(px, py, pz)}
    for name in ("energy", "category", "charge", "d0", "d0_error", "dz", "dz_error"):
        columns[name] = getattr(candidates, name)[index]
    return {c.name: columns[c.name].astype(c.numpy_dtype) for c in CONSTITUENTS}


def _row_offsets(present: I8, offsets: I8, table: Columns) -> I8:
    """Spread the offsets of the present jets over all rows: an absent jet has no constituents."""
    counts = np.zeros(len(table["present"]), np.int64)
    counts[present] = np.diff(offsets)
    return offsets_of(counts)
