"""Rows that sit where exports go wrong: on thresholds, next to them, at ±0, in the zero band, NaN and infinite."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hemolens_training.trees import FloatRows, Tree

_SPECIAL = np.array(
    [np.nan, 0.0, -0.0, 1e-35, -1e-35, 1e-36, -1e-36, 1e-45, -1e-45, np.inf, -np.inf, 3.4e38, -3.4e38],
    dtype=np.float32,
)


def adversarial_rows(trees: Sequence[Tree], base: FloatRows, *, rows: int, seed: int) -> FloatRows:
    """``rows`` rows drawn from ``base`` with about half of the cells replaced.

    Every threshold of every tree, and the float32 values just below and above it, stands in at least one row as long as
    ``rows`` times the number of columns leaves room; then come special values and NaN.
    """
    rng = np.random.default_rng(seed)
    out = base[rng.integers(0, len(base), size=rows)].copy()
    columns = base.shape[1]
    share = rng.random((rows, columns))
    out[share < 0.15] = np.nan
    special = (share >= 0.15) & (share < 0.25)
    out[special] = rng.choice(_SPECIAL, size=int(special.sum()))
    for column in range(columns):
        edges = _edges(trees, column)
        if edges.size:
            count = min(rows, max(edges.size, rows // 4))
            at = rng.permutation(rows)[:count]
            out[at, column] = np.resize(edges, count)
    return out


def _edges(trees: Sequence[Tree], column: int) -> FloatRows:
    thresholds = sorted(
        {t for tree in trees for f, t in zip(tree.split_feature, tree.threshold, strict=True) if f == column}
    )
    with np.errstate(over="ignore"):
        on = np.array(thresholds, dtype=np.float64).astype(np.float32)
    below, above = np.nextafter(on, np.float32(-np.inf)), np.nextafter(on, np.float32(np.inf))
    return np.concatenate([on, below, above]).astype(np.float32)
