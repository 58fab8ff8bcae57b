import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rs3l_data.describe.schema import JETS, Column
from rs3l_data.errors import ConfigError
from rs3l_data.reshape.cuts import parse
from tests.data.store.random_tables import random_columns

COLUMNS = ("pt", "eta", "mass", "n_constituents", "status")
numbers = st.integers(-1000, 1000).map(str)
values = st.recursive(
    st.one_of(st.sampled_from(COLUMNS), numbers),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(" ".join).map("({})".format),
        inner.map("abs({})".format),
        inner.map("-({})".format),
    ),
    max_leaves=4,
)
comparisons = st.tuples(values, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), values).map(
    " ".join
)
conditions = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join).map("({})".format),
        inner.map("not ({})".format),
    ),
    max_leaves=4,
)


@given(conditions, st.integers(0, 1000))
def test_conditions_mean_what_python_means_by_them(text, seed):
    """Against Python itself, row by row, with the numbers of a jet."""
    rng = np.random.default_rng(seed)
    n = 5
    table = {
        "pt": rng.normal(0, 500, n).astype("f4"),
        "eta": rng.normal(0, 2, n).astype("f4"),
        "mass": rng.normal(0, 100, n).astype("f4"),
        "n_constituents": rng.integers(0, 100, n).astype("i4"),
        "status": rng.integers(0, 5, n).astype("u1"),
    }
    found = parse(text, JETS, "jets")(table)
    for row in range(n):
        names = {name: np.float64(v[row]) for name, v in table.items()}
        with np.errstate(all="ignore"):
            expected = eval(text.replace("abs", "np.abs"), {"np": np}, names)
        assert found[row] == expected, (text, row)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pt > 500", [False, True, False]),
        ("pt <= 500", [False, False, True]),
        ("pt != 600", [False, False, True]),
        ("pt == 600", [False, True, False]),
        ("600 != pt != 1", [False, False, True]),
        ("1 != 2", [True, True, True]),
        ("1 != 1", [False, False, False]),
    ],
)
def test_comparisons_with_nan_are_false(text, expected):
    table = {"pt": np.array([np.nan, 600, 0], "f4")}
    assert parse(text, JETS, "jets")(table).tolist() == expected


def test_whole_numbers_do_not_overflow():
    """Beyond 2⁶³, where numpy's integers begin anew below 0."""
    columns = (Column("event", "<i8", "", "a number"),)
    table = {"event": np.array([0, 1, 10**3, 10**9])}
    for text in ("event * 100000000000000000 >= 0", "event + 1e17 * 100000000000000000 > 0"):
        assert parse(text, columns, "initiators")(table).all()
    huge = "event + 100000000000000000 * 100000000000000000 > 0"
    assert parse(huge, columns, "initiators")(table).all()


def test_chains_constants_and_unsigned_columns():
    table = random_columns(np.random.default_rng(0), JETS, 50)
    table["pt"] = np.linspace(0, 1000, 50).astype("f4")
    between = parse("200 < pt <= 300", JETS, "jets")(table)
    assert np.array_equal(between, (table["pt"] > 200) & (table["pt"] <= 300))
    assert parse("1 < 2", JETS, "jets")(table).tolist() == [True] * 50
    assert parse("status - 1 < 0", JETS, "jets")({"status": np.array([0, 1], "u1")}).tolist() == [
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("__import__('os').system('true') > 0", "expected a column, a number"),
        ("pt.__class__ > 1", "found 'pt.__class__'"),
        ("[x for x in (1,)] > 0", "expected a column"),
        ("(lambda: 1)() > 0", "expected a column"),
        ("pt > 'a'", "found ''a'', expected a column"),
        ("pt ** 9 ** 9 ** 9 > 1", "expected a column"),
        ("pt + 1", "expected a comparison"),
        ("present and not pt", "'pt' is a number, expected a comparison .* present, contained"),
        (
            "pt >",
            "'pt >': not a valid condition at its end; expected columns, numbers without",
        ),
        ("", "not a valid condition at its end"),
        (
            "pt > 500 GeV",
            r"'pt > 500 GeV': not .* at character 10, 'GeV'; .*abs\(\)",
        ),
        ("  pt > 500 && eta < 2", r"at character 13, '&'"),
        ("(pt > 5\n and eta $ 2)", r"at character 18, '\$'"),
        ("(pt > 500", r"at character 1, '\(pt': '\(' was never closed; expected"),
        ("pt\0 > 1", "not a valid condition"),
        ("pt > 1e400", "below 1e18"),
        ("ptt > 1", "no column 'ptt'; did you mean 'pt'"),
        ("pt in (1, 2)", "expected a comparison"),
        ("open(pt) > 1", "expected a column"),
        ("abs(pt, eta) > 1", "expected a column"),
        ("pt > 1 if eta > 0 else mass > 1", "expected a comparison"),
        ("(" * 500 + "pt" + ")" * 500 + " > 1", "characters|not a valid condition"),
        ("-" * 990 + "pt > 1", "too many parts|not a valid condition"),
    ],
)
def test_whatever_else_is_refused(text, match):
    with pytest.raises(ConfigError, match=match):
        parse(text, JETS, "jets")({"pt": np.zeros(1), "eta": np.zeros(1)})
