"""Golden rows: what every load of a bundle must reproduce. Made up cell by cell, so no row is a patient's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hemolens_training.adversarial_rows import adversarial_rows
from hemolens_training.metrics import Vector
from hemolens_training.trees import FloatRows, Tree

_PERCENTILES = np.arange(2.5, 100.0, 5.0)


def synthetic_rows(features: FloatRows, *, rows: int, seed: int) -> FloatRows:
    """Rows whose cells are drawn column by column from rounded percentiles of ``features``, NaN as often as there.

    Columns are independent and every value is a percentile of thousands: nothing of one patient is left.
    """
    rng = np.random.default_rng(seed)
    out = np.full((rows, features.shape[1]), np.nan, dtype=np.float32)
    for column in range(features.shape[1]):
        values = features[:, column]
        seen = values[~np.isnan(values)]
        if not seen.size:
            continue
        grid = np.array([float(f"{value:.4g}") for value in np.percentile(seen, _PERCENTILES)], dtype=np.float32)
        present = rng.random(rows) < seen.size / values.size
        out[present, column] = rng.choice(grid, size=int(present.sum()))
    return out


def golden_inputs(trees: Sequence[Tree], features: FloatRows, *, rows: int, seed: int) -> FloatRows:
    """Half plain rows; the rest on and beside thresholds, ±0 and NaN-heavy; the last one has no value at all."""
    plain = synthetic_rows(features, rows=rows - rows // 2, seed=seed)
    edges = adversarial_rows(trees, plain, rows=rows // 2, seed=seed + 1)
    # JSON has no infinity; infinite values are tested apart, in the parity check.
    edges[np.isinf(edges)] = np.nan
    out = np.concatenate([plain, edges])
    out[-1] = np.nan
    return out


def golden_json(
    inputs: FloatRows, raw: Vector, *, learner: str, slope: float, intercept: float, tolerance: float
) -> dict[str, Any]:
    """Content of ``golden.json``; null stands for NaN.

    >>> golden_json(np.array([[np.nan]], dtype=np.float32), np.array([0.0]), learner="gbm", slope=1.0, intercept=0.0,
    ...             tolerance=1e-5)["rows"]
    [{'tabular': [None], 'logits': {'gbm': 0.0}, 'calibratedLogit': 0.0, 'probability': 0.5}]
    """
    rows = []
    for row, logit in zip(inputs, raw, strict=True):
        calibrated = slope * float(logit) + intercept
        rows.append(
            {
                "tabular": [None if np.isnan(value) else _json_number(float(value)) for value in row],
                "logits": {learner: float(logit)},
                "calibratedLogit": calibrated,
                "probability": float(1.0 / (1.0 + np.exp(-calibrated))),
            }
        )
    return {"tolerance": {"logit": tolerance}, "rows": rows}


def _json_number(value: float) -> float | int:
    whole = value == int(value) and abs(value) < 2**53 and not (value == 0 and np.signbit(value))
    return int(value) if whole else value
