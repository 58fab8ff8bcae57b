"""The page's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rs3l_data.report.numbers import NOTHING, count, measured
from rs3l_data.report.table import Table
from rs3l_data.validation.closure import Point
from rs3l_data.validation.montecarlo import CrossSection, Weights
from rs3l_data.validation.paired import PEAK, RESPONSE
from rs3l_data.validation.summary import p_text
from rs3l_data.validation.variations import MEAN_MASS, Change
from rs3l_data.validation.verdicts import Test

_EXPECTED = {
    "up": "rises",
    "down": "falls",
    "same": "stays, within the tolerance",
    "nothing": "stays",
}
_NAMES = {MEAN_MASS: "mean mass", PEAK: "peak of softdrop_mass", RESPONSE: "pt / initiator_pt"}


def test_table(tests: Sequence[Test]) -> Table:
    """List tests, one line each."""
    rows = [
        [
            test.subject,
            test.process,
            test.quantity,
            test.method,
            f"{test.statistic:.3g}",
            f"{test.detail['dof']:.0f}" if "dof" in test.detail else NOTHING,
            p_text(test.p),
        ]
        for test in tests
    ]
    header = ["view or species", "process or place", "quantity", "test", "statistic", "d.o.f.", "p"]
    return Table(header, rows, text_columns=(0, 1, 2, 3))


def change_table(changes: Sequence[Change]) -> Table:
    """List what each view changes, and what was expected."""
    rows = [
        [
            f"{one.view} of {one.base}",
            one.process,
            _NAMES.get(one.quantity, one.quantity),
            f"{one.reference:.4g}",
            measured(one.shift, one.error),
            f"{100 * one.shift / one.reference:+.2f}" if one.reference else NOTHING,
            f"{one.significance:+.1f}",
            count(one.n_jets),
            _EXPECTED[one.expected] if one.expected else NOTHING,
            one.finding,
        ]
        for one in changes
    ]
    header = ["view", "process", "quantity", "before", "change", "change [%]", "σ", "jets"]
    return Table([*header, "expected", "found"], rows, text_columns=(0, 1, 2, 8, 9))


def closure_table(points: Sequence[Point]) -> Table:
    """List what guns measured, and what the card says."""
    rows = [
        [
            one.species,
            one.quantity,
            f"{one.pt:g}",
            f"{one.abs_eta:g}",
            measured(one.measured, one.error),
            NOTHING if one.expected is None else f"{one.expected:.4g}",
            NOTHING if one.pull is None else f"{one.pull:+.1f}",
        ]
        for one in points
    ]
    header = ["species", "quantity", "pT [GeV]", "|η|", "measured", "by the card", "σ"]
    return Table(header, rows, text_columns=(0, 1))


def weight_table(weights: Mapping[str, Weights]) -> Table:
    """List the weights of each process."""
    rows = [
        [
            process,
            count(own.n_events),
            f"{own.total:.6g}",
            f"{own.relative_spread:.3f}",
            f"{own.largest:.2f}",
            count(own.effective),
        ]
        for process, own in weights.items()
    ]
    header = ["process", "hard events", "sum of weights", "spread / mean", "largest / mean"]
    return Table([*header, "effective number"], rows)


def cross_section_table(sections: Mapping[str, CrossSection]) -> Table:
    """List the cross section of each process, by hard events and by one-pass Pythia."""
    rows = [
        [
            process,
            measured(own.run, own.run_error),
            measured(own.one_pass, own.one_pass_error),
            f"{own.run / own.one_pass:.4f}",
            f"{own.pull:+.1f}",
        ]
        for process, own in sections.items()
    ]
    return Table(["process", "hard events [pb]", "one-pass [pb]", "ratio", "σ"], rows)
