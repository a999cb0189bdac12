"""The comparator: L2-regularised logistic regression on the same columns. Judged, never served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from hemolens_training.dataset import Rows
from hemolens_training.metrics import Vector, log_loss
from hemolens_training.splits import assign_folds
from hemolens_training.trees import FloatRows

#: Standardised values beyond this many standard deviations are pulled in, so that one wild value cannot lead.
_CLIP = 5.0


@dataclass(frozen=True, kw_only=True)
class Standardiser:
    """Median imputation, missing indicators and standardisation, all fitted on training rows."""

    median: Vector
    mean: Vector
    scale: Vector
    indicated: NDArray[np.int64]

    def design(self, features: FloatRows) -> Vector:
        """Shape [rows, columns + indicators]."""
        missing = np.isnan(features)
        values = np.where(missing, self.median, features.astype(np.float64))
        standardised = np.clip((values - self.mean) / self.scale, -_CLIP, _CLIP)
        return np.column_stack([standardised, missing[:, self.indicated].astype(np.float64)])


@dataclass(frozen=True, kw_only=True)
class Comparator:
    """A fitted logistic regression with its preparation."""

    standardiser: Standardiser
    coefficients: Vector
    intercept: float
    inverse_penalty: float

    def logits(self, features: FloatRows) -> Vector:
        """Log-odds of every row."""
        return np.asarray(self.standardiser.design(features) @ self.coefficients + self.intercept, dtype=np.float64)


def fit_standardiser(features: FloatRows) -> Standardiser:
    """Columns that are missing in every row stand at 0; constant columns get scale 1.

    >>> fit_standardiser(np.array([[1.0], [np.nan], [3.0]], dtype=np.float32)).median.tolist()
    [2.0]
    """
    values = features.astype(np.float64)
    missing = np.isnan(values)
    seen = ~missing.all(axis=0)
    median = np.zeros(values.shape[1])
    median[seen] = np.nanmedian(values[:, seen], axis=0)
    filled = np.where(missing, median, values)
    scale = filled.std(axis=0)
    share = missing.mean(axis=0)
    return Standardiser(
        median=median,
        mean=filled.mean(axis=0),
        scale=np.where(scale > 0, scale, 1.0),
        indicated=np.flatnonzero((share > 0) & (share < 1)).astype(np.int64),
    )


def fit_comparator(rows: Rows, *, inverse_penalties: Sequence[float], folds: int, salt: str) -> Comparator:
    """The penalty with the lowest out-of-fold log-loss on the training rows, refitted on all of them."""
    fold = assign_folds(rows.patient, folds=folds, salt=salt)
    losses = []
    for penalty in inverse_penalties:
        logit = np.full(len(rows.label), np.nan)
        for k in range(folds):
            fitted = _fit(rows.take(np.flatnonzero(fold != k)), penalty)
            logit[fold == k] = fitted.logits(rows.features[fold == k])
        losses.append(log_loss(rows.label, logit))
    return _fit(rows, inverse_penalties[int(np.argmin(losses))])


def _fit(rows: Rows, inverse_penalty: float) -> Comparator:
    standardiser = fit_standardiser(rows.features)
    model = LogisticRegression(C=inverse_penalty, max_iter=5000, tol=1e-6)
    model.fit(standardiser.design(rows.features), rows.label)
    return Comparator(
        standardiser=standardiser,
        coefficients=np.asarray(model.coef_[0], dtype=np.float64),
        intercept=float(model.intercept_[0]),
        inverse_penalty=inverse_penalty,
    )
