"""What was made: the tables on processes, views, labels, splits, files and software."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rs3l_data.describe.changes import described_among
from rs3l_data.describe.pileup import Pileup, PileupOfRun, pileup_on_branch
from rs3l_data.describe.strict import validate
from rs3l_data.describe.view import View
from rs3l_data.report.numbers import NOTHING, count, measured, percent, size
from rs3l_data.report.table import Table
from rs3l_data.store.reader import Dataset


def process_table(dataset: Dataset, manifest: Mapping[str, Any]) -> Table:
    """Describe each process."""
    view = dataset.views[0]
    present = dataset.jets(view, ["present"])["present"]
    rows = []
    for name, made in manifest["processes"].items():
        about = manifest["config"].get("processes", {}).get(name, {})
        # A part of a dataset lists its own processes, but its shards name those before them, too.
        index = dataset.processes.index(name) if name in dataset.processes else -1
        own = dataset.initiators["process"] == index
        rows.append(
            [
                name,
                about.get("description") or NOTHING,
                ", ".join(map(str, about.get("initiators", []))) or NOTHING,
                count(made["n_events"]),
                count(made["n_rows"]),
                # What was converted from other projects' files has neither.
                measured(made.get("cross_section_pb"), made.get("cross_section_error_pb")),
                NOTHING if made.get("sum_of_weights") is None else f"{made['sum_of_weights']:.6g}",
                percent(int(present[own].sum()), int(own.sum())),
            ]
        )
    header = ["process", "description", "initiators (PDG)", "hard events", "jets (rows)"]
    header += ["cross section [pb]", "sum of weights", f"present in {view}"]
    return Table(header, rows, text_columns=(0, 1, 2))


def view_table(manifest: Mapping[str, Any]) -> Table:
    """Describe each view by its entry in the config and in the catalogue.

    Other projects' files that were converted say no more than its name.
    """
    config = manifest["config"]
    if "converted" in config or not {*manifest["views"]} <= {*config.get("views", {})}:
        return Table(["view"], [[name] for name in manifest["views"]])
    # Not validated anew: the variation may be of another version's catalogue.
    views = {name: View.model_construct(**given) for name, given in config["views"].items()}
    of_run = validate(PileupOfRun, config.get("pileup", {}), "pileup")
    rows = []
    for i, name in enumerate(manifest["views"]):
        view = views[name]
        start = view.redo if view.of is None else f"{view.redo} of {view.of}"
        pileup = _pileup(pileup_on_branch(of_run, views, name))
        rows.append([name, start, *_variation(name, manifest, i == 0), pileup])
    header = ["view", "simulated again from", "variation", "changes", "source", "pile-up"]
    return Table(header, rows, text_columns=tuple(range(6)))


def _pileup(pileup: Pileup) -> str:
    if pileup.mean == 0:
        return NOTHING
    return f"{pileup.mean:g} collisions, mitigation: {pileup.mitigation}"


def _variation(name: str, manifest: Mapping[str, Any], first: bool) -> list[str]:
    """Name a view's variation, what it changes, and its source."""
    views = manifest["config"]["views"]
    view = views[name]
    changes, source = described_among(view, views, manifest["views"])
    variation = view.get("variation")
    if isinstance(variation, str):
        called = variation
    elif changes:
        called = "of the config"
    else:
        called = "none: the reference" if first else "none: other random numbers"
    return [called, "; ".join(changes) or NOTHING, source or NOTHING]


def label_table(manifest: Mapping[str, Any]) -> Table:
    """Count each label's rows, and of them those present in each view."""
    views = manifest["views"]
    rows = [
        [name, count(own["n_rows"]), *(count(own["present"][view]) for view in views)]
        for name, own in manifest["labels"].items()
    ]
    return Table(["label", "jets (rows)", *(f"present in {view}" for view in views)], rows)


def split_table(manifest: Mapping[str, Any]) -> Table:
    """Count the rows and events of each split."""
    rows = [
        [name, count(own["n_events"]), count(own["n_rows"])]
        for name, own in manifest["splits"].items()
    ]
    return Table(["split", "hard events", "jets (rows)"], rows)


def file_table(manifest: Mapping[str, Any]) -> Table:
    """List the files with their checksums."""
    rows = [
        [one["path"], size(one["bytes"]), count(one["n_rows"]), one["sha256"]]
        for one in manifest["files"]
    ]
    return Table(["file", "size", "jets (rows)", "SHA-256"], rows, text_columns=(0, 3))


def software_table(manifest: Mapping[str, Any]) -> Table:
    """List the versions of what made the dataset."""
    return Table(
        ["software", "version"], [[*map(str, one)] for one in manifest.get("software", {}).items()]
    )


def facts(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Say in short what the dataset is."""
    config = manifest["config"]
    n_bytes = sum(one["bytes"] for one in manifest["files"])
    return [
        ("hard events", count(manifest["n_events"])),
        ("jets (rows), each in every view", count(manifest["n_rows"])),
        ("views", count(len(manifest["views"]))),
        ("size", f"{size(n_bytes)} in {count(len(manifest['files']))} files"),
        *_circumstances(config),
        ("seed", str(config.get("seed", NOTHING))),
        ("made", str(manifest.get("created") or NOTHING)),
        ("digest of the content", manifest["digest"]),
    ]


def _circumstances(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Say what all views share, as far as the config does."""
    shared = []
    if "hard" in config:
        low, high = config["hard"]["pt"]
        shared.append(("proton-proton collisions at", f"{config['hard']['energy'] / 1000:g} TeV"))
        shared.append(("pT of the initiators", f"{low:g} to {high:g} GeV"))
    if "generator" in config:
        shared.append(("tune, unless a view changes it", config["generator"]["tune"]))
    if "detector" in config:
        shared.append(("detector card", config["detector"]["card"]))
    return shared
