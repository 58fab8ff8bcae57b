"""The hard events of a run in numbers."""

import rs3l_data
from rs3l_data.validation.montecarlo import weights
from tests.synthetic import make_dataset


def test_a_process_without_rows_has_no_weights(tmp_path):
    """All events of its LHE files lie outside of the cuts: the page ended in a traceback."""
    dataset = rs3l_data.open(make_dataset(tmp_path / "dataset", 10)).select(processes="qcd")
    assert dataset.processes == ("higgs", "qcd")
    assert [*weights(dataset)] == ["qcd"]
