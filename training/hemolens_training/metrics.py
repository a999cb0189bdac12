"""Measures of discrimination and calibration, with patient-level bootstrap intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Vector = NDArray[np.float64]
Labels = NDArray[np.int64]
Measure = Callable[[Labels, Vector], float]


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


def sigmoid(logit: Vector) -> Vector:
    """Probability of log-odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-logit)), dtype=np.float64)


def log_loss(label: Labels, logit: Vector) -> float:
    """Mean negative log-likelihood of the labels.

    >>> round(log_loss(np.array([1, 0]), np.array([0.0, 0.0])), 6)
    0.693147
    """
    return float(np.mean(np.logaddexp(0.0, np.where(label == 1, -logit, logit))))


def auroc(label: Labels, score: Vector) -> float:
    """Chance that an event scores above a non-event; ties count half.

    >>> auroc(np.array([0, 1, 0, 1]), np.array([0.1, 0.4, 0.4, 0.8]))
    0.875
    """
    events = int(label.sum())
    others = len(label) - events
    ranks = rankdata(score)
    return float((ranks[label == 1].sum() - events * (events + 1) / 2) / (events * others))


def auprc(label: Labels, score: Vector) -> float:
    """Average precision: precision at each distinct score, weighted by the recall gained there.

    >>> round(auprc(np.array([0, 1, 0, 1]), np.array([0.1, 0.4, 0.5, 0.8])), 4)
    0.8333
    """
    order = np.argsort(-score, kind="stable")
    ordered, scores = label[order], score[order]
    last_of_tie = np.flatnonzero(np.append(np.diff(scores) != 0, True))
    hits = np.cumsum(ordered)[last_of_tie]
    precision = hits / (last_of_tie + 1)
    recall = hits / hits[-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def brier(label: Labels, logit: Vector) -> float:
    """Mean squared distance between probability and label."""
    return float(np.mean((sigmoid(logit) - label) ** 2))


def scaled_brier(label: Labels, logit: Vector) -> float:
    """Brier score against predicting the prevalence: 1 is perfect, 0 is no better."""
    prevalence = float(label.mean())
    return 1.0 - brier(label, logit) / (prevalence * (1.0 - prevalence))


def fit_affine(label: Labels, logit: Vector, *, steps: int = 100) -> tuple[float, float]:
    """Maximum-likelihood (slope, intercept) of ``slope * logit + intercept`` by Newton's method.

    >>> slope, intercept = fit_affine(np.array([0, 1, 0, 1, 1, 0]), np.array([-1.0, 1.0, 0.5, 0.2, -0.3, -0.2]))
    >>> residual = sigmoid(slope * np.array([-1.0, 1.0, 0.5, 0.2, -0.3, -0.2]) + intercept) - [0, 1, 0, 1, 1, 0]
    >>> bool(abs(residual.sum()) < 1e-9)
    True
    """
    design = np.column_stack([logit, np.ones(len(logit))])
    beta = np.array([1.0, 0.0])
    for _ in range(steps):
        p = sigmoid(design @ beta)
        gradient = design.T @ (p - label)
        step = np.linalg.solve(design.T @ (design * (p * (1 - p))[:, None]), gradient)
        beta = beta - step
        if float(np.abs(step).max()) < 1e-12:
            break
    return float(beta[0]), float(beta[1])


def calibration_slope(label: Labels, logit: Vector) -> float:
    """1 is ideal; below 1 the predictions are too extreme."""
    return fit_affine(label, logit)[0]


def calibration_intercept(label: Labels, logit: Vector) -> float:
    """Calibration in the large: shift of the log-odds, slope held at 1, that makes the mean right. 0 is ideal."""
    shift = 0.0
    for _ in range(100):
        p = sigmoid(logit + shift)
        step = float(np.sum(p - label) / np.sum(p * (1 - p)))
        shift -= step
        if abs(step) < 1e-12:
            break
    return shift


def net_benefit(label: Labels, logit: Vector, *, threshold: float) -> float:
    """True positives less false positives at the odds of the threshold, per patient."""
    chosen = sigmoid(logit) >= threshold
    true, false = int((chosen & (label == 1)).sum()), int((chosen & (label == 0)).sum())
    return (true - false * threshold / (1 - threshold)) / len(label)


def bootstrap(
    measure: Measure, label: Labels, logit: Vector, *, patient: NDArray[np.str_], resamples: int, seed: int
) -> Estimate:
    """``measure`` with the 2.5th and 97.5th percentile over resampled patients."""
    draws = [measure(label[at], logit[at]) for at in patient_resamples(patient, label, resamples=resamples, seed=seed)]
    low, high = np.percentile(draws, [2.5, 97.5])
    return Estimate(
        value=measure(label, logit), low=float(low), high=float(high), n=len(label), events=int(label.sum())
    )


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
