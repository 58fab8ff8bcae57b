"""Substructure of jets: soft-drop mass, N-subjettiness and the energy-correlation ratio N2.

All distances are in rapidity and azimuth, all weights are transverse momenta, as in the papers and
in FastJet contrib.

The kernels are compiled once per machine. They share one file because numba's cache notices
a change of the file that holds the cached function, but not one of the files it calls.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]

OBSERVABLES = ("softdrop_mass", "tau1", "tau2", "tau3", "tau4", "n2")
Z_CUT = 0.1

CAMBRIDGE_AACHEN = 0.0
KT = 1.0
TINY = np.finfo(np.float64).tiny


def substructure(offsets: I8, px: F8, py: F8, pz: F8, energy: F8, radius: float) -> dict[str, F8]:
    """Compute the substructure of jets from their constituents.

    No observable depends on the order of the constituents, except for rounding and where two
    momenta are equally hard or two pairs equally near. A jet without constituents has 0 everywhere.

    Parameters
    ----------
    offsets
        (n_jets + 1,) slices of the jets' constituents.
    px, py, pz, energy
        (n_constituents,) with pT > 0 [GeV].
    radius
        The jets' radius parameter, by which N-subjettiness is normalised.

    Returns
    -------
    dict of (n_jets,) arrays
        ``softdrop_mass`` [GeV]: the mass after soft drop (arXiv:1402.2657) with beta = 0 and
        z_cut = 0.1; 0 where rounding would make it imaginary. A jet of which no splitting passes
        is groomed down to one constituent.

        ``tau1`` to ``tau4``: N-subjettiness (arXiv:1011.2268) with beta = 1 and exclusive
        kT axes of winner-take-all recombination; 0 for a jet of at most N constituents.

        ``n2``: the energy-correlation ratio N2 (arXiv:1609.07483) with beta = 1; 0 for a jet of at
        most two constituents and for one whose constituents are all collinear (FastJet contrib has
        0/0 there).
    """
    momentum = np.stack([px, py, pz, energy], axis=1).astype(np.float64, copy=False)
    columns = _substructure(np.ascontiguousarray(offsets, np.int64), momentum, float(radius))
    return dict(zip(OBSERVABLES, columns, strict=True))


@njit(cache=True)
def _substructure(offsets: I8, momentum: F8, radius: float) -> F8:
    """Compute the (6, n_jets) observables, in the order of `OBSERVABLES`."""
    n_jets = offsets.size - 1
    columns = np.zeros((6, n_jets))
    for jet in range(n_jets):
        constituents = momentum[offsets[jet] : offsets[jet + 1]]
        if constituents.size > 0:
            columns[0, jet] = _softdrop_mass(recombine(constituents, CAMBRIDGE_AACHEN, False))
            tree = recombine(constituents, KT, True)
            for n_axes in range(1, 5):
                columns[n_axes, jet] = _n_subjettiness(tree, n_axes, radius)
            columns[5, jet] = _n2(tree)
    return columns


class Tree(NamedTuple):
    """The binary tree of a recombination of n constituents, as arrays over its 2n - 1 nodes.

    Nodes 0 to n - 1 are the constituents, the others the recombinations in their order; the last
    node is the whole jet.
    """

    momentum: F8
    """(2n - 1, 4) px, py, pz, energy [GeV]"""
    pt: F8
    """[GeV]"""
    rapidity: F8
    phi: F8
    """[rad]"""
    parents: I8
    """(2n - 1, 2) the nodes that were recombined; -1 for a constituent"""


@njit(cache=True)
def recombine(constituents: F8, exponent: float, winner_take_all: bool) -> Tree:
    """Recombine a jet's constituents to a single momentum by the generalised kT algorithm.

    The pair with the smallest min(pT_a^2p, pT_b^2p) ΔR_ab² goes first (arXiv:0802.1189, eq. 1,
    with R so large that nothing goes to the beam).

    Parameters
    ----------
    constituents
        (n, 4) px, py, pz, energy, with n >= 1 and pT > 0 [GeV].
    exponent
        p: `CAMBRIDGE_AACHEN` or `KT`.
    winner_take_all
        Whether a recombined momentum has the direction of its harder parent and the sum of both
        parents' pT (arXiv:1401.2158), instead of the sum of their momenta (E-scheme).
    """
    n = len(constituents)
    size = 2 * n - 1
    tree = Tree(
        np.empty((size, 4)), np.empty(size), np.empty(size), np.empty(size), np.full((size, 2), -1)
    )
    # The momenta not yet recombined lie in the first slots, so that searches run over neighbouring
    # memory. `node` to `distance` are by slot, the tree's arrays by node.
    node = np.arange(n)
    rapidity, phi, weight = np.empty(n), np.empty(n), np.empty(n)
    squared = np.empty((n, n))
    neighbour, distance = np.empty(n, np.int64), np.empty(n)
    for i in range(n):
        tree.momentum[i] = constituents[i]
        _set_direction(tree, i)
        rapidity[i], phi[i] = tree.rapidity[i], tree.phi[i]
        weight[i] = _weight(tree.pt[i], exponent)
        _measure(squared, rapidity, phi, i + 1, i)
    for i in range(n):
        neighbour[i], distance[i] = _nearest(squared, n, i)

    for new in range(n, size):
        last = size - new
        a, b = _closest(weight, neighbour, distance, last + 1)
        tree.parents[new, 0], tree.parents[new, 1] = node[a], node[b]
        if winner_take_all:
            _follow_harder_parent(tree, new)
        else:
            _add_parents(tree, new)

        # The new momentum takes slot a, the last one moves to slot b.
        node[b], rapidity[b], phi[b], weight[b] = (
            node[last],
            rapidity[last],
            phi[last],
            weight[last],
        )
        neighbour[b], distance[b] = neighbour[last], distance[last]
        for i in range(last):
            squared[b, i] = squared[i, b] = squared[last, i]
        squared[b, b] = np.inf
        node[a], rapidity[a], phi[a] = new, tree.rapidity[new], tree.phi[new]
        weight[a] = _weight(tree.pt[new], exponent)
        _measure(squared, rapidity, phi, last, a)
        for i in range(last):
            if i == a or neighbour[i] == a or neighbour[i] == b:
                neighbour[i], distance[i] = _nearest(squared, last, i)
                continue
            if neighbour[i] == last:
                neighbour[i] = b
            if squared[a, i] < distance[i]:
                neighbour[i], distance[i] = a, squared[a, i]
    return tree


@njit(cache=True)
def _weight(pt: float, exponent: float) -> float:
    """Give pT^2p, without a logarithm."""
    return 1.0 if exponent == CAMBRIDGE_AACHEN else pt * pt


@njit(cache=True)
def _measure(squared: F8, rapidity: F8, phi: F8, n: int, i: int) -> None:
    """Set the squared distances between slot ``i`` and the first ``n`` slots."""
    for j in range(n):
        squared[i, j] = _distance_squared(rapidity[i], phi[i], rapidity[j], phi[j])
    squared[i, i] = np.inf
    for j in range(n):
        squared[j, i] = squared[i, j]


@njit(cache=True)
def _nearest(squared: F8, n: int, i: int) -> tuple[int, float]:
    """Find the nearest of the first ``n`` slots to slot ``i``, and its squared distance."""
    nearest, smallest = 0, squared[i, 0]
    for j in range(1, n):
        if squared[i, j] < smallest:
            nearest, smallest = j, squared[i, j]
    return nearest, smallest


@njit(cache=True)
def _closest(weight: F8, neighbour: I8, distance: F8, n: int) -> tuple[int, int]:
    """Find the pair to recombine among the first ``n`` slots, the lower slot first.

    The softer of that pair has the other as its nearest neighbour in angle, so knowing one
    neighbour of each is enough (hep-ph/0512210).
    """
    softer, smallest = 0, weight[0] * distance[0]
    for i in range(1, n):
        if weight[i] * distance[i] < smallest:
            softer, smallest = i, weight[i] * distance[i]
    return min(softer, neighbour[softer]), max(softer, neighbour[softer])


@njit(cache=True)
def _distance_squared(rapidity_a: float, phi_a: float, rapidity_b: float, phi_b: float) -> float:
    """Squared distance in rapidity and azimuth, which lies in [-pi, pi]."""
    phi = abs(phi_a - phi_b)
    if phi > math.pi:
        phi = 2 * math.pi - phi
    return (rapidity_a - rapidity_b) ** 2 + phi**2


@njit(cache=True)
def _mass_squared(tree: Tree, node: int) -> float:
    """Squared mass of a node [GeV²]; 0 where rounding has made its momentum space-like."""
    p = tree.momentum
    px, py, pz, energy = p[node, 0], p[node, 1], p[node, 2], p[node, 3]
    squared: float = (energy + pz) * (energy - pz) - px * px - py * py
    return max(0.0, squared)


@njit(cache=True)
def _set_direction(tree: Tree, node: int) -> None:
    """Set pT, rapidity and azimuth of a node from its momentum."""
    p = tree.momentum
    px, py, pz, energy = p[node, 0], p[node, 1], p[node, 2], p[node, 3]
    pt_squared = px * px + py * py
    # Keeps its digits at any rapidity, unlike log((E + pz) / (E - pz)).
    transverse = max(pt_squared + _mass_squared(tree, node), TINY)
    rapidity = 0.5 * math.log((energy + abs(pz)) ** 2 / transverse)
    tree.pt[node] = math.sqrt(pt_squared)
    tree.rapidity[node] = rapidity if pz > 0 else -rapidity
    tree.phi[node] = math.atan2(py, px)


@njit(cache=True)
def _add_parents(tree: Tree, node: int) -> None:
    """Make a node the sum of its parents' momenta."""
    a, b = tree.parents[node, 0], tree.parents[node, 1]
    for component in range(4):
        tree.momentum[node, component] = tree.momentum[a, component] + tree.momentum[b, component]
    _set_direction(tree, node)


@njit(cache=True)
def _follow_harder_parent(tree: Tree, node: int) -> None:
    """Give a node the direction of its harder parent and the sum of both parents' pT."""
    a, b = tree.parents[node, 0], tree.parents[node, 1]
    harder = a if tree.pt[a] >= tree.pt[b] else b
    tree.pt[node] = tree.pt[a] + tree.pt[b]
    scale = tree.pt[node] / tree.pt[harder]
    for component in range(4):
        tree.momentum[node, component] = scale * tree.momentum[harder, component]
    tree.rapidity[node], tree.phi[node] = tree.rapidity[harder], tree.phi[harder]


@njit(cache=True)
def exclusive(tree: Tree, n_jets: int) -> I8:
    """List the nodes that are left when the recombination stops at ``n_jets`` momenta.

    ``n_jets`` must lie between 1 and the number of constituents.
    """
    nodes = np.empty(n_jets, np.int64)
    nodes[0] = tree.pt.size - 1
    for n in range(1, n_jets):
        # Nodes are numbered as they arose: the highest is the one to undo.
        latest = np.argmax(nodes[:n])
        nodes[latest], nodes[n] = tree.parents[nodes[latest]]
    return nodes


@njit(cache=True)
def _softdrop_mass(tree: Tree) -> float:
    """Mass after soft drop with beta = 0, from the Cambridge/Aachen tree [GeV].

    Follows the harder branch to the first splitting with
    min(pT_a, pT_b) > z_cut (pT_a + pT_b), arXiv:1402.2657, eq. 1.1.
    """
    node = tree.pt.size - 1
    a, b = tree.parents[node]
    while a >= 0 and min(tree.pt[a], tree.pt[b]) <= Z_CUT * (tree.pt[a] + tree.pt[b]):
        node = a if tree.pt[a] >= tree.pt[b] else b
        a, b = tree.parents[node]
    return math.sqrt(_mass_squared(tree, node))


@njit(cache=True)
def _n_subjettiness(tree: Tree, n_axes: int, radius: float) -> float:
    """N-subjettiness with beta = 1, from the winner-take-all kT tree.

    tau_N = Σ_i pT_i min_k ΔR_ik / (R Σ_i pT_i), arXiv:1011.2268, eqs. 2.1 and 2.2.
    """
    n = (tree.pt.size + 1) // 2
    if n <= n_axes:
        return 0.0
    pt, rapidity, phi = tree.pt, tree.rapidity, tree.phi
    axes = exclusive(tree, n_axes)
    total = 0.0
    for i in range(n):
        nearest = np.inf
        for k in axes:
            nearest = min(nearest, _distance_squared(rapidity[i], phi[i], rapidity[k], phi[k]))
        total += pt[i] * math.sqrt(nearest)
    return float(total / (radius * pt[:n].sum()))


@njit(cache=True)
def _n2(tree: Tree) -> float:
    """N2 with beta = 1 of the constituents, which any tree holds.

    N2 = ₂e₃ / ₁e₂², arXiv:1609.07483: ₁e₂ sums z_i z_j ΔR_ij over pairs, ₂e₃ sums z_i z_j z_k times
    the product of the two smallest distances over triplets, with z = pT / Σ pT.
    """
    n = (tree.pt.size + 1) // 2
    rapidity, phi = tree.rapidity, tree.phi
    z = tree.pt[:n] / tree.pt[:n].sum()
    angle = np.zeros((n, n))
    e2 = 0.0
    for i in range(n):
        for j in range(i):
            angle[i, j] = math.sqrt(_distance_squared(rapidity[i], phi[i], rapidity[j], phi[j]))
            e2 += z[i] * z[j] * angle[i, j]
    if e2 == 0.0:
        return 0.0
    # One sum for each k: they are independent of each other, so the compiler may vectorise them
    # without changing the order of any, and the result is the same on any processor.
    e3 = np.zeros(n)
    for i in range(n):
        for j in range(i):
            z_ij, ij = z[i] * z[j], angle[i, j]
            for k in range(j):
                nearer = min(angle[i, k], angle[j, k])
                farther = max(angle[i, k], angle[j, k])
                e3[k] += z_ij * nearer * min(farther, ij)
    return float((z * e3).sum() / e2**2)
