"""Further weights of several shards, whose generators named theirs each in its own way."""

import numpy as np

from rs3l_data.events.weights import Weights
from rs3l_data.store.weights import by_name


def test_weights_of_several_shards_are_joined_by_their_names():
    """In whatever order a shard has them; NaN where it has none of the name."""
    first = Weights(("up", "down"), ("", ""), np.array([[1.0, 2.0], [3.0, 4.0]]))
    second = Weights(("pdf", "up"), ("", ""), np.array([[5.0, 6.0]]))
    joined = by_name([(first, 2), (None, 1), (second, 1)])
    assert [*joined] == ["up", "down", "pdf"]
    np.testing.assert_array_equal(joined["up"], [1, 3, np.nan, 6])
    np.testing.assert_array_equal(joined["down"], [2, 4, np.nan, np.nan])
    np.testing.assert_array_equal(joined["pdf"], [np.nan, np.nan, np.nan, 5])
    assert by_name([(None, 3)]) == {}
