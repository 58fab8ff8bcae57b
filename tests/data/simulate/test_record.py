"""Event records made by hand: which particles are stable, and where they were produced."""

import numpy as np
import pythia8mc

from rs3l_data.simulate.record import Records, shower_weights, spread, stable


def records():
    """Three events, of which the second was not delivered."""
    pdg_id = [90, 111, 22, 22, 90, 310, 211, -211, 13]
    status = [-11, -84, 91, 91, -11, -83, 91, 91, 1]
    vertex_index = [-1, -1, 0, 0, -1, -1, 1, 1, -1]
    nothing = np.zeros(len(pdg_id), np.int32)
    momentum = tuple(np.arange(len(pdg_id)) + 100.0 * axis for axis in range(4))
    return Records(
        generated=np.array([True, False, True]),
        offsets=np.array([0, 4, 4, 9]),
        pdg_id=np.array(pdg_id, np.int32),
        status=np.array(status, np.int32),
        **dict.fromkeys(("mother1", "mother2", "daughter1", "daughter2"), nothing),
        momentum=momentum,
        mass=np.zeros(len(pdg_id)),
        vertex_index=np.array(vertex_index, np.int32),
        vertices=(np.array([0.1, 0.4]), np.array([0.2, 0.5]), np.array([0.3, 0.6])),
    )


def test_what_did_not_decay_leaves_with_its_vertex():
    found = stable(records())
    assert found.offsets.tolist() == [0, 2, 2, 5]
    assert found.pdg_id.tolist() == [22, 22, 211, -211, 13]
    momenta = [found.px, found.py, found.pz, found.energy]
    for axis, values in enumerate(momenta):
        assert (values - 100 * axis).tolist() == [2, 3, 6, 7, 8]
    # Two decays, and what comes from the collision itself.
    assert found.x.tolist() == [0.1, 0.1, 0.4, 0.4, 0]
    assert found.y.tolist() == [0.2, 0.2, 0.5, 0.5, 0]
    assert found.z.tolist() == [0.3, 0.3, 0.6, 0.6, 0]


def test_events_are_spread_over_their_positions():
    among = spread(records(), np.array([1, 2, 4]), 6)
    assert among.generated.tolist() == [False, True, False, False, True, False]
    assert among.offsets.tolist() == [0, 0, 4, 4, 4, 9, 9]
    assert stable(among).pdg_id.tolist() == stable(records()).pdg_id.tolist()


def test_the_weight_of_a_shower_is_its_own_and_not_that_of_other_settings():
    """Pythia lists those behind it, for each event."""
    pythia = pythia8mc.Pythia("", False)
    for setting in (
        *("Print:quiet = on", "Random:setSeed = on", "HadronLevel:all = off"),
        *("HardQCD:all = on", "PhaseSpace:pTHatMin = 200."),
        *("UncertaintyBands:doVariations = on", "UncertaintyBands:List = {up fsr:muRfac=0.5}"),
    ):
        assert pythia.readString(setting)
    assert pythia.init()
    events = pythia.nextBatch(4, "none")
    assert shower_weights(events).tolist() == [1, 1, 1, 1]
    others = np.asarray(events.layout.content.content("info").content("weights").content.data)
    assert len(others) > 4
    assert np.any(others != 1)
