"""The tables on what was made."""

from dataclasses import replace

from rs3l_data.report.overview import process_table, view_table


def column(table, title):
    return [row[table.header.index(title)] for row in table.rows]


def test_a_part_of_a_dataset_tells_of_its_own_processes(dataset):
    """Its manifest lists them alone, its shards also those before them."""
    manifest = dataset.manifest
    whole = column(process_table(dataset, manifest), "present in nominal")
    assert len({*whole}) == len(dataset.processes) == 2
    last = dataset.processes[-1]
    part = {**manifest, "processes": {last: manifest["processes"][last]}}
    table = process_table(replace(dataset.select(processes=last), manifest=part), part)
    assert column(table, "present in nominal") == whole[-1:]


def test_a_view_tells_what_it_changes():
    views = {
        "nominal": {},
        "seed": {},
        "fsr_up": {"variation": "fsr_up"},
        "coarse": {"variation": "hcal_coarse"},
        "shifted": {"detector": {"ecal": {"energy_min": 0.7}}},
        "herwig": {"hepmc": "x"},
    }
    manifest = {"config": {"views": views}, "views": [*views]}
    table = view_table(manifest)
    assert column(table, "variation") == [
        *("none: the reference", "none: other random numbers", "fsr_up", "hcal_coarse"),
        *["of the config"] * 2,
    ]
    assert column(table, "changes")[2:] == [
        *("TimeShower:renormMultFac = 4", "hcal.cells = [...]", "ecal.energy_min = 0.7"),
        "shower = another program's (HepMC)",
    ]
    views["crowded"] = {"redo": "detector", "of": "shifted", "pileup": {"mean": 60}}
    table = view_table({"config": {"views": views}, "views": ["nominal", "crowded"]})
    assert column(table, "changes")[1] == "ecal.energy_min = 0.7 (of shifted); pileup.mean = 60"


def test_of_a_converted_dataset_no_more_is_said_than_is_known(dataset):
    known = {"n_events": 5, "n_rows": 5}
    bare = {**dataset.manifest, "processes": dict.fromkeys(dataset.processes, known)}
    table = process_table(dataset, bare)
    assert column(table, "cross section [pb]") == column(table, "sum of weights") == ["–", "–"]
    config = {"converted": {"from": "x"}, "views": {"nominal": {}, "fsr_up": {}}}
    table = view_table({"config": config, "views": ["nominal", "fsr_up"]})
    assert (table.header, table.rows) == (["view"], [["nominal"], ["fsr_up"]])
