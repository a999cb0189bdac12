"""Measures of discrimination and calibration, with patient-level bootstrap intervals, paired ones too.

A measure takes labels (0, 1), scores or logits, and where it can a weight a row (a stay of many landmarks counts once).
What is not defined is NaN: discrimination of one class only, anything of a score that is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Vector = NDArray[np.float64]
Labels = NDArray[np.int64]
# (label, logit), or (label, logit, weight) where rows are weighted.
Measure = Callable[..., float]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with its 95 % bootstrap interval, its n and its events."""

    value: float
    low: float
    high: float
    n: int
    events: int

    def to_json(self) -> dict[str, float | int]:
        """Rounded for reports."""
        return {
            "value": round(self.value, 4),
            "low": round(self.low, 4),
            "high": round(self.high, 4),
            "n": self.n,
            "events": self.events,
        }


@dataclass(frozen=True, kw_only=True)
class PairedEstimate(Estimate):
    """A difference of two scores on the same rows, and how often the first was above in a resample (ties half)."""

    share_above: float

    def to_json(self) -> dict[str, float | int]:
        """Rounded for reports."""
        return {**super().to_json(), "shareAbove": round(self.share_above, 4)}


def sigmoid(logit: Vector) -> Vector:
    """Probability of log-odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-logit)), dtype=np.float64)


def log_loss(label: Labels, logit: Vector, weight: Vector | None = None) -> float:
    """Mean negative log-likelihood of the labels.

    >>> round(log_loss(np.array([1, 0]), np.array([0.0, 0.0])), 6)
    0.693147
    """
    return _mean(np.logaddexp(0.0, np.where(label == 1, -logit, logit)), weight)


def prevalence(label: Labels, weight: Vector | None = None) -> float:
    """Share of events: what AUPRC is without any discrimination, and to be shown beside it.

    >>> prevalence(np.array([1, 0, 0, 1]), np.array([1.0, 1.0, 1.0, 3.0]))
    0.6666666666666666
    """
    return _mean(label.astype(np.float64), weight)


def auroc(label: Labels, score: Vector, weight: Vector | None = None) -> float:
    """Chance that an event scores above a non-event; ties count half. A pair weighs the product of its weights.

    >>> auroc(np.array([0, 1, 0, 1]), np.array([0.1, 0.4, 0.4, 0.8]))
    0.875
    >>> auroc(np.array([0, 1, 0, 1]), np.array([0.1, 0.4, 0.4, 0.8]), np.array([1.0, 3.0, 1.0, 1.0]))
    0.8125
    """
    if not _is_defined(label, score, weight):
        return float("nan")
    if weight is None:
        events = int(label.sum())
        others = len(label) - events
        ranks = rankdata(score)
        return float((ranks[label == 1].sum() - events * (events + 1) / 2) / (events * others))
    hit, miss = _by_score(label, score, weight)
    below = np.cumsum(miss[::-1])[::-1] - miss
    return float(np.sum(hit * (below + miss / 2)) / (hit.sum() * miss.sum()))


def auroc_within(label: Labels, score: Vector, stratum: NDArray[np.int64]) -> float:
    """Chance that an event scores above a non-event of the same stratum; pairs across strata do not count.

    Out-of-fold scores of a model that knows nothing are the base rate of the other folds: highest in the fold with the
    fewest events. Over all folds at once that gives an AUROC below 0.5; within folds, 0.5.

    >>> label, score = np.array([1, 0, 0, 1, 1, 0]), np.array([0.3, 0.3, 0.3, 0.2, 0.2, 0.2])
    >>> auroc_within(label, score, np.array([0, 0, 0, 1, 1, 1]))
    0.5
    >>> round(auroc(label, score), 4)
    0.3333
    """
    won = pairs = 0.0
    for k in np.unique(stratum):
        own = label[stratum == k]
        here = float(own.sum()) * float((1 - own).sum())
        if here > 0:
            won += here * auroc(own, score[stratum == k])
            pairs += here
    return won / pairs if pairs > 0 else float("nan")


def auprc(label: Labels, score: Vector, weight: Vector | None = None) -> float:
    """Average precision: precision at each distinct score, weighted by the recall gained there. See :func:`prevalence`.

    >>> round(auprc(np.array([0, 1, 0, 1]), np.array([0.1, 0.4, 0.5, 0.8])), 4)
    0.8333
    """
    if not _is_defined(label, score, weight):
        return float("nan")
    hit, miss = _by_score(label, score, weight)
    hits = np.cumsum(hit)
    # Rows of weight 0 in front of all others are no place to stop at.
    precision = np.divide(hits, hits + np.cumsum(miss), out=np.zeros_like(hits), where=hits + np.cumsum(miss) > 0)
    recall = hits / hits[-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def _mean(values: Vector, weight: Vector | None) -> float:
    return float(np.mean(values) if weight is None else np.average(values, weights=weight))


def _is_defined(label: Labels, score: Vector, weight: Vector | None) -> bool:
    counted = label if weight is None else label[weight > 0]
    return 0 < int(counted.sum()) < len(counted) and not bool(np.isnan(score).any())


def _by_score(label: Labels, score: Vector, weight: Vector | None) -> tuple[Vector, Vector]:
    """Weight of events and of others at each distinct score, highest score first."""
    order = np.argsort(-score, kind="stable")
    start = np.flatnonzero(np.append(True, np.diff(score[order]) != 0))
    own = np.ones(len(label)) if weight is None else weight[order]
    return np.add.reduceat(own * (label[order] == 1), start), np.add.reduceat(own * (label[order] == 0), start)


def brier(label: Labels, logit: Vector, weight: Vector | None = None) -> float:
    """Mean squared distance between probability and label."""
    return _mean((sigmoid(logit) - label) ** 2, weight)


def scaled_brier(label: Labels, logit: Vector, weight: Vector | None = None) -> float:
    """Brier score against predicting the prevalence: 1 is perfect, 0 is no better."""
    share = prevalence(label, weight)
    return 1.0 - brier(label, logit, weight) / (share * (1.0 - share))


def fit_affine(label: Labels, logit: Vector, weight: Vector | None = None, *, steps: int = 100) -> tuple[float, float]:
    """Maximum-likelihood (slope, intercept) of ``slope * logit + intercept`` by Newton's method.

    Raises ValueError where there is none: labels of one class, a constant logit, classes that the logit parts.

    >>> slope, intercept = fit_affine(np.array([0, 1, 0, 1, 1, 0]), np.array([-1.0, 1.0, 0.5, 0.2, -0.3, -0.2]))
    >>> residual = sigmoid(slope * np.array([-1.0, 1.0, 0.5, 0.2, -0.3, -0.2]) + intercept) - [0, 1, 0, 1, 1, 0]
    >>> bool(abs(residual.sum()) < 1e-9)
    True
    """
    _require_overlap(label, logit, weight)
    own = np.ones(len(logit)) if weight is None else weight / weight.mean()
    design = np.column_stack([logit, np.ones(len(logit))])
    beta = np.array([1.0, 0.0])
    for _ in range(steps):
        p = sigmoid(design @ beta)
        gradient = design.T @ (own * (p - label))
        step = np.linalg.solve(design.T @ (design * (own * p * (1 - p))[:, None]), gradient)
        # A full step from far away can overshoot: halved until the fit is no worse.
        loss = log_loss(label, design @ beta, own)
        while log_loss(label, design @ (beta - step), own) > loss + 1e-12 and float(np.abs(step).max()) > 1e-9:
            step = step / 2
        beta = beta - step
        if float(np.abs(step).max()) < 1e-12:
            break
    return float(beta[0]), float(beta[1])


def _require_overlap(label: Labels, logit: Vector, weight: Vector | None) -> None:
    counted = np.ones(len(label), dtype=bool) if weight is None else weight > 0
    events, others = logit[counted & (label == 1)], logit[counted & (label == 0)]
    if len(events) == 0 or len(others) == 0:
        raise ValueError(f"labels of one class: {len(events)} events in {int(counted.sum())} rows")
    if float(np.ptp(logit[counted])) == 0.0:
        raise ValueError("every row has the same logit: there is no slope")
    if events.min() >= others.max() or events.max() <= others.min():
        raise ValueError("the logit parts the classes: there is no finite slope")


def calibration_slope(label: Labels, logit: Vector, weight: Vector | None = None) -> float:
    """1 is ideal; below 1 the predictions are too extreme. NaN where :func:`fit_affine` has none."""
    try:
        return fit_affine(label, logit, weight)[0]
    except ValueError:
        return float("nan")


def calibration_intercept(label: Labels, logit: Vector, weight: Vector | None = None) -> float:
    """Calibration in the large: shift of the log-odds, slope held at 1, that makes the mean right. 0 is ideal.

    NaN for labels of one class: no finite shift would do.
    """
    if not _is_defined(label, logit, weight):
        return float("nan")
    own = np.ones(len(logit)) if weight is None else weight
    shift = 0.0
    for _ in range(200):
        p = sigmoid(logit + shift)
        step = float(np.sum(own * (p - label)) / np.sum(own * p * (1 - p)))
        # Far from the answer the curve is flat and a full step would leap over it.
        step = min(max(step, -1.0), 1.0)
        shift -= step
        if abs(step) < 1e-12:
            break
    return shift


_GRID = 200


def integrated_calibration_index(label: Labels, logit: Vector, *, span: float = 0.75) -> float:
    """Mean distance between probability and a smoothed observed share: 0 is ideal.

    Smoothed locally linear in the probability, tricube weights, at 200 quantiles, joined linearly. Of few events it is
    mostly noise.
    @see Austin and Steyerberg, Stat Med 2019;38:4051, ICI.
    """
    p = sigmoid(logit)
    at = np.unique(np.quantile(p, np.linspace(0.0, 1.0, _GRID)))
    near = max(2, int(np.ceil(span * len(p))))
    smooth = np.empty(len(at))
    for i, centre in enumerate(at):
        distance = np.abs(p - centre)
        width = float(np.partition(distance, near - 1)[near - 1])
        own = np.clip(1.0 - (distance / max(width, 1e-12)) ** 3, 0.0, None) ** 3 if width > 0 else 1.0 * (distance == 0)
        mean_p, mean_y = np.average(p, weights=own), np.average(label, weights=own)
        spread = float(np.sum(own * (p - mean_p) ** 2))
        slope = float(np.sum(own * (p - mean_p) * (label - mean_y))) / spread if spread > 0 else 0.0
        smooth[i] = np.clip(mean_y + slope * (centre - mean_p), 0.0, 1.0)
    return float(np.mean(np.abs(np.interp(p, at, smooth) - p)))


def net_benefit(label: Labels, logit: Vector, *, threshold: float) -> float:
    """True positives less false positives at the odds of the threshold, per patient."""
    chosen = sigmoid(logit) >= threshold
    true, false = int((chosen & (label == 1)).sum()), int((chosen & (label == 0)).sum())
    return (true - false * threshold / (1 - threshold)) / len(label)


def bootstrap(
    measure: Measure,
    label: Labels,
    logit: Vector,
    *,
    patient: NDArray[np.str_],
    resamples: int,
    seed: int,
    weight: Vector | None = None,
) -> Estimate:
    """``measure`` with the 2.5th and 97.5th percentile over resampled patients."""
    draws = [
        _value(measure, label, logit, weight, at)
        for at in patient_resamples(patient, label, resamples=resamples, seed=seed)
    ]
    low, high = np.percentile(draws, [2.5, 97.5])
    return Estimate(
        value=_value(measure, label, logit, weight),
        low=float(low),
        high=float(high),
        n=len(label),
        events=int(label.sum()),
    )


def paired_bootstrap(
    measure: Measure,
    label: Labels,
    first: Vector,
    second: Vector,
    *,
    patient: NDArray[np.str_],
    resamples: int,
    seed: int,
    weight: Vector | None = None,
) -> PairedEstimate:
    """``measure`` of ``first`` less that of ``second``, both on the same resampled patients.

    >>> label, score = np.array([0, 1] * 20), np.linspace(-1, 1, 40)
    >>> same = paired_bootstrap(auroc, label, score, score, patient=np.arange(40).astype(str), resamples=50, seed=1)
    >>> (same.value, same.low, same.high, same.share_above)
    (0.0, 0.0, 0.0, 0.5)
    """
    draws = np.array(
        [
            _value(measure, label, first, weight, at) - _value(measure, label, second, weight, at)
            for at in patient_resamples(patient, label, resamples=resamples, seed=seed)
        ]
    )
    low, high = np.percentile(draws, [2.5, 97.5])
    return PairedEstimate(
        value=_value(measure, label, first, weight) - _value(measure, label, second, weight),
        low=float(low),
        high=float(high),
        n=len(label),
        events=int(label.sum()),
        share_above=float(np.mean(draws > 0) + np.mean(draws == 0) / 2),
    )


def _value(
    measure: Measure, label: Labels, logit: Vector, weight: Vector | None, at: NDArray[np.int64] | None = None
) -> float:
    """``measure`` of the rows at ``at``, or of all; without weights it is called without."""
    rows: NDArray[np.int64] | slice = slice(None) if at is None else at
    if weight is None:
        return measure(label[rows], logit[rows])
    return measure(label[rows], logit[rows], weight[rows])


def patient_resamples(
    patient: NDArray[np.str_], label: Labels, *, resamples: int, seed: int
) -> list[NDArray[np.int64]]:
    """Row indices of ``resamples`` draws of whole patients with replacement; draws with one class only are redrawn."""
    rng = np.random.default_rng(seed)
    names, inverse = np.unique(patient, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    bounds = np.searchsorted(inverse[order], np.arange(len(names) + 1))
    draws: list[NDArray[np.int64]] = []
    while len(draws) < resamples:
        picked = rng.integers(0, len(names), size=len(names))
        if len(names) == len(patient):
            at = order[picked]
        else:
            at = np.concatenate([order[bounds[i] : bounds[i + 1]] for i in picked])
        if 0 < int(label[at].sum()) < len(at):
            draws.append(at.astype(np.int64))
    return draws
