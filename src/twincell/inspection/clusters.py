"""Clusters that grow with every new indication: union-find over the cells of a 3-D grid."""

from __future__ import annotations

from itertools import product

import numpy as np

from twincell.inspection.indications import Indications

__all__ = ["Clusters"]

_NEIGHBOURS = [d for d in product((-1, 0, 1), repeat=3) if d > (0, 0, 0)]
_AROUND = [*_NEIGHBOURS, *[(-x, -y, -z) for x, y, z in _NEIGHBOURS]]


class Clusters:
    """Indications whose cells touch are one cluster.

    Args:
        cell: edge of a cell [m]; gaps below it never part a cluster.
    """

    def __init__(self, cell: float) -> None:
        self._cell = cell
        self._of_cell: dict[tuple[int, int, int], int] = {}
        self._parent: list[int] = []
        self._members: dict[int, list[Indications]] = {}

    def root(self, cluster: int) -> int:
        """The cluster that holds what `cluster` held."""
        while self._parent[cluster] != cluster:
            self._parent[cluster] = self._parent[self._parent[cluster]]
            cluster = self._parent[cluster]
        return cluster

    def add(self, new: Indications) -> set[int]:
        """Add indications.

        Returns:
            The clusters that grew.
        """
        cells = np.floor(new.points / self._cell).astype(np.int64)
        unique, inverse = np.unique(cells, axis=0, return_inverse=True)
        inverse = inverse.ravel()
        owners = []
        for x, y, z in unique.tolist():
            own = self._of_cell.get((x, y, z))
            if own is None:
                own = len(self._parent)
                self._parent.append(own)
                self._members[own] = []
                self._of_cell[x, y, z] = own
                for dx, dy, dz in _AROUND:
                    other = self._of_cell.get((x + dx, y + dy, z + dz))
                    if other is not None:
                        own = self._unite(own, other)
            owners.append(own)
        roots = np.array([self.root(o) for o in owners])[inverse]
        grown = set(np.unique(roots).tolist())
        for root in grown:
            self._members[root].append(new[roots == root])
        return grown

    def members(self, root: int) -> Indications:
        """All indications of a cluster."""
        joined = Indications.join(self._members[root])
        self._members[root] = [joined]
        return joined

    def _unite(self, a: int, b: int) -> int:
        """Make one cluster of two; the older number stays."""
        a, b = sorted((self.root(a), self.root(b)))
        if a != b:
            self._parent[b] = a
            self._members[a] += self._members.pop(b)
        return a
