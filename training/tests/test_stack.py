"""The stack: weights that cannot be negative, learners that must earn their place, few events that move little."""

from __future__ import annotations

import numpy as np
import pytest

from hemolens_training.ensemble.stack import cross_fitted, eliminate, fit_calibration, fit_stack, shrunk_intercept
from hemolens_training.metrics import sigmoid


def rows(n: int = 6000):
    rng = np.random.default_rng(5)
    truth = rng.normal(size=n)
    label = (rng.random(n) < sigmoid(-1 + truth)).astype(np.int64)
    logits = {
        "gbm": -1 + truth + rng.normal(scale=0.8, size=n),
        "series": -1 + truth + rng.normal(scale=0.8, size=n),
        "text": rng.normal(size=n),
        "wrong": 1 - truth,
    }
    return logits, label, np.ones(n), rng.integers(0, 5, size=n)


def test_two_good_learners_share_the_weight_and_a_wrong_one_has_none():
    logits, label, weight, _ = rows()
    found = fit_stack(logits, label, weight, learners=["gbm", "series", "wrong"], penalty=1e-4)
    assert found.weights[2] == 0
    assert abs(found.weights[0] - found.weights[1]) < 0.2
    assert min(found.weights[:2]) > 0.2


def test_noise_is_eliminated_and_a_good_learner_stays():
    logits, label, weight, fold = rows()
    patient = np.array([str(i) for i in range(len(label))])
    found = eliminate(
        logits,
        label,
        weight,
        fold,
        learners=["gbm", "series", "text"],
        patient=patient,
        penalty=1e-4,
        evidence=0.95,
        seed=1,
    )
    assert found.kept == ("gbm", "series")
    assert found.steps[-1]["shareWorse"]["series"] >= 0.95


def test_cross_fitted_scores_have_not_seen_their_fold():
    logits, label, weight, fold = rows(600)
    first = cross_fitted(logits, label, weight, fold, learners=["gbm", "series"], penalty=1e-4)
    turned = label.copy()
    turned[fold == 2] = 1 - turned[fold == 2]
    second = cross_fitted(logits, turned, weight, fold, learners=["gbm", "series"], penalty=1e-4)
    assert np.array_equal(first[fold == 2], second[fold == 2])
    assert not np.array_equal(first[fold != 2], second[fold != 2])


def test_a_fold_without_events_is_refused():
    logits, label, weight, fold = rows(600)
    label[fold == 1] = 0
    with pytest.raises(ValueError, match="fold 1 has 0 events"):
        cross_fitted(logits, label, weight, fold, learners=["gbm"], penalty=1e-4)


def test_calibration_undoes_a_known_distortion():
    rng = np.random.default_rng(1)
    truth = rng.normal(scale=1.5, size=40_000)
    label = (rng.random(40_000) < sigmoid(truth)).astype(np.int64)
    slope, intercept = fit_calibration(label, 2 * truth + 1, np.ones(40_000))
    assert abs(slope - 0.5) < 0.02 and abs(intercept + 0.5) < 0.05


def test_scores_that_rank_the_wrong_way_are_refused():
    logits, label, weight, _ = rows()
    with pytest.raises(ValueError, match="do not rank"):
        fit_calibration(label, logits["wrong"], weight)


def test_few_events_move_the_intercept_less_than_many():
    rng = np.random.default_rng(1)
    logit = np.full(30_000, -2.5)
    label = (rng.random(30_000) < sigmoid(logit + 0.7)).astype(np.int64)
    few = shrunk_intercept(label[:100], logit[:100], prior_sd=0.3)
    many = shrunk_intercept(label, logit, prior_sd=0.3)
    assert abs(few) < abs(many) and abs(many - 0.7) < 0.06
