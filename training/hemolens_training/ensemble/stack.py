"""The stack: non-negative weights for base learners' logits, one vector per availability pattern, then calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from hemolens_training.metrics import Labels, Vector, sigmoid

#: Logits are pulled in to ±CLIP before the weights are fitted.
CLIP = 6.0
#: A weight below this is no part of the stack: it is set to 0 and the others are fitted again.
SMALLEST_WEIGHT = 0.02


@dataclass(frozen=True, kw_only=True)
class StackWeights:
    """``intercept + Σ weight · logit`` for one set of available learners."""

    learners: tuple[str, ...]
    weights: tuple[float, ...]
    intercept: float

    def logits(self, logits: dict[str, Vector]) -> Vector:
        """Stacked log-odds; the learners' logits as they are."""
        total = np.full(len(logits[self.learners[0]]), self.intercept)
        for learner, weight in zip(self.learners, self.weights, strict=True):
            total = total + weight * logits[learner]
        return total

    def to_json(self) -> dict[str, Any]:
        """A pattern of ``stack.json``."""
        return {
            "learners": list(self.learners),
            "intercept": self.intercept,
            "weights": dict(zip(self.learners, self.weights, strict=True)),
        }


def fit_stack(
    logits: dict[str, Vector], label: Labels, weight: Vector, *, learners: Sequence[str], penalty: float
) -> StackWeights:
    """L2-penalised logistic regression with weights ≥ 0 on out-of-fold logits; the intercept is free.

    The penalty is on the weights, per unit of mean weighted log-loss.

    >>> rng = np.random.default_rng(0)
    >>> good = rng.normal(size=2000); y = (rng.random(2000) < sigmoid(good)).astype(int)
    >>> found = fit_stack({"a": good, "b": -good}, y, np.ones(2000), learners=["a", "b"], penalty=1e-3)
    >>> bool(abs(found.weights[0] - 1) < 0.15), found.weights[1]
    (True, 0.0)
    """
    _require_events(label)
    design = np.column_stack([np.clip(logits[name], -CLIP, CLIP) for name in learners])
    share = weight / weight.sum()
    active = list(range(len(learners)))
    while True:
        beta, intercept = _solve(design[:, active], label, share, penalty)
        small = [i for i, value in enumerate(beta) if value < SMALLEST_WEIGHT]
        if not small or len(small) == len(active):
            break
        active = [index for i, index in enumerate(active) if i not in small]
    weights = np.zeros(len(learners))
    for index, value in zip(active, beta, strict=True):
        weights[index] = value if value >= SMALLEST_WEIGHT else 0.0
    return StackWeights(learners=tuple(learners), weights=tuple(float(w) for w in weights), intercept=intercept)


def _solve(design: Vector, label: Labels, share: Vector, penalty: float) -> tuple[Vector, float]:
    count = design.shape[1]

    def objective(beta: Vector) -> tuple[float, Vector]:
        z = design @ beta[:count] + beta[count]
        loss = float(np.sum(share * np.logaddexp(0.0, np.where(label == 1, -z, z)))) + penalty * float(
            np.sum(beta[:count] ** 2)
        )
        residual = share * (sigmoid(z) - label)
        gradient = np.append(design.T @ residual + 2 * penalty * beta[:count], residual.sum())
        return loss, gradient

    start = np.append(np.full(count, 1.0 / count), 0.0)
    bounds = [(0.0, None)] * count + [(None, None)]
    found = minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 2000, "ftol": 1e-13, "gtol": 1e-9},
    )
    return np.asarray(found.x[:count], dtype=np.float64), float(found.x[count])


def cross_fitted(
    logits: dict[str, Vector],
    label: Labels,
    weight: Vector,
    fold: NDArray[np.int64],
    *,
    learners: Sequence[str],
    penalty: float,
) -> Vector:
    """Stacked log-odds of every row from weights fitted on the other folds; raises ValueError for a fold without
    events."""
    out = np.full(len(label), np.nan)
    for k in np.unique(fold):
        held = fold == k
        if not 0 < label[held].sum() < held.sum():
            raise ValueError(
                f"fold {k} has {int(label[held].sum())} events in {int(held.sum())} rows: both classes are needed"
            )
        fitted = fit_stack(
            {name: value[~held] for name, value in logits.items()},
            label[~held],
            weight[~held],
            learners=learners,
            penalty=penalty,
        )
        out[held] = fitted.logits({name: value[held] for name, value in logits.items()})
    return out


def weighted_log_loss(label: Labels, logit: Vector, weight: Vector) -> float:
    """Mean negative log-likelihood under row weights."""
    return float(np.sum(weight * np.logaddexp(0.0, np.where(label == 1, -logit, logit))) / weight.sum())


@dataclass(frozen=True, kw_only=True)
class Elimination:
    """The learners that stayed; each step with the cross-fitted log-loss, and what it is without each learner.

    ``shareWorse``: share of resampled patients in which the log-loss without the learner is worse.
    """

    kept: tuple[str, ...]
    steps: tuple[dict[str, Any], ...]


def eliminate(
    logits: dict[str, Vector],
    label: Labels,
    weight: Vector,
    fold: NDArray[np.int64],
    *,
    learners: Sequence[str],
    patient: NDArray[np.str_],
    penalty: float,
    evidence: float,
    seed: int,
) -> Elimination:
    """Takes out, one after the other, learners for which there is no evidence that the stack needs them.

    Evidence: the cross-fitted log-loss without the learner is worse in at least the share ``evidence`` of resampled
    patients. The learner with the least goes first; the first learner of the list always stays.
    """
    kept = list(learners)
    steps: list[dict[str, Any]] = []

    def losses(names: list[str]) -> Vector:
        score = cross_fitted(logits, label, weight, fold, learners=names, penalty=penalty)
        return weight * np.logaddexp(0.0, np.where(label == 1, -score, score))

    total = weight.sum()
    while len(kept) > 1:
        whole = losses(kept)
        without = {name: losses([k for k in kept if k != name]) for name in kept[1:]}
        worse = {name: share_worse(own - whole, patient, seed=seed) for name, own in without.items()}
        steps.append(
            {
                "with": list(kept),
                "logLoss": float(whole.sum() / total),
                "without": {name: float(own.sum() / total) for name, own in without.items()},
                "shareWorse": worse,
            }
        )
        # The later one of two without any evidence goes first.
        least = min(reversed(kept[1:]), key=worse.__getitem__)
        if worse[least] >= evidence:
            break
        kept.remove(least)
    return Elimination(kept=tuple(kept), steps=tuple(steps))


def share_worse(difference: Vector, patient: NDArray[np.str_], *, seed: int, resamples: int = 1000) -> float:
    """Share of resampled patients in which the sum of ``difference`` is above 0.

    >>> share_worse(np.array([0.1, 0.2, 0.1]), np.array(["a", "b", "c"]), seed=1)
    1.0
    """
    _, inverse = np.unique(patient, return_inverse=True)
    sums = np.bincount(inverse, weights=difference)
    rng = np.random.default_rng(seed)
    above = 0
    for _ in range(resamples):
        drawn = np.bincount(rng.integers(0, len(sums), size=len(sums)), minlength=len(sums))
        above += int(float(drawn @ sums) > 0)
    return above / resamples


def fit_calibration(label: Labels, logit: Vector, weight: Vector) -> tuple[float, float]:
    """Weighted maximum-likelihood (slope, intercept); raises ValueError when the scores do not rank.

    >>> slope, intercept = fit_calibration(np.array([0, 1, 0, 1]), np.array([-1.0, 1.0, 0.5, 0.2]), np.ones(4))
    >>> bool(slope > 0)
    True
    """
    _require_events(label)
    beta = np.array([1.0, 0.0])
    design = np.column_stack([logit, np.ones(len(logit))])
    share = weight / weight.sum()
    for _ in range(200):
        p = sigmoid(design @ beta)
        curvature = design.T @ (design * (share * p * (1 - p))[:, None]) + 1e-12 * np.eye(2)
        step = np.linalg.solve(curvature, design.T @ (share * (p - label)))
        step *= min(1.0, 2.0 / max(1e-12, float(np.abs(step).max())))
        beta = beta - step
        if float(np.abs(step).max()) < 1e-12:
            break
    if not beta[0] > 0:
        raise ValueError(f"calibration slope {beta[0]}: the scores do not rank")
    return float(beta[0]), float(beta[1])


def shrunk_intercept(label: Labels, logit: Vector, *, prior_sd: float) -> float:
    """Shift of the log-odds with a normal prior around 0: what few events say, and no more.

    >>> few = shrunk_intercept(np.array([1, 0, 0]), np.full(3, -2.0), prior_sd=0.5)
    >>> many = shrunk_intercept(np.repeat([1, 0, 0], 200), np.full(600, -2.0), prior_sd=0.5)
    >>> bool(0 < few < many)
    True
    """
    shift = 0.0
    for _ in range(200):
        p = sigmoid(logit + shift)
        gradient = float(np.sum(p - label)) + shift / prior_sd**2
        curvature = float(np.sum(p * (1 - p))) + 1.0 / prior_sd**2
        step = gradient / curvature
        shift -= step
        if abs(step) < 1e-12:
            break
    return shift


def _require_events(label: Labels) -> None:
    if not 0 < label.sum() < len(label):
        raise ValueError(f"{len(label)} rows, {int(label.sum())} events: both classes are needed")
