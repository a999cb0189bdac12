"""The metric core against values worked out by hand, scikit-learn, and what must hold of any measure."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score
from sklearn.metrics import log_loss as sklearn_log_loss

from hemolens_training.metrics import (
    auprc,
    auroc,
    auroc_within,
    bootstrap,
    brier,
    calibration_intercept,
    calibration_slope,
    fit_affine,
    integrated_calibration_index,
    log_loss,
    paired_bootstrap,
    patient_resamples,
    prevalence,
    scaled_brier,
    sigmoid,
)

LABEL = np.array([0, 0, 1, 1])
SCORE = np.array([0.1, 0.4, 0.35, 0.8])
EXACT = 1e-12


def logit(p):
    return np.log(p) - np.log1p(-p)


def rows(*, n, seed, decimals=1):
    """Labels, tied scores on the log-odds scale, weights with zeros among them."""
    rng = np.random.default_rng(seed)
    label = (rng.random(n) < 0.2).astype(np.int64)
    score = np.round(rng.normal(size=n) + label - 1.5, decimals)
    return label, score, np.round(rng.gamma(1.0, 1.0, size=n), 1)


def test_values_worked_out_by_hand():
    assert auroc(LABEL, SCORE) == 0.75
    assert abs(auprc(LABEL, SCORE) - (0.5 * 1 + 0.5 * 2 / 3)) < EXACT
    assert prevalence(LABEL) == 0.5
    assert abs(log_loss(LABEL, logit(SCORE)) + math.log(0.9 * 0.6 * 0.35 * 0.8) / 4) < EXACT
    assert abs(brier(LABEL, logit(SCORE)) - (0.01 + 0.16 + 0.4225 + 0.04) / 4) < EXACT
    assert abs(scaled_brier(LABEL, logit(SCORE)) - (1 - 0.158125 / 0.25)) < EXACT


@pytest.mark.parametrize(
    ("score", "expected"),
    [([1, 1, 1, 1], 0.5), ([0, 0, 1, 1], 1.0), ([1, 1, 0, 0], 0.0), ([0, 1, 1, 2], 0.875), ([0, 1, 1, 1], 0.75)],
)
def test_ties_count_half(score, expected):
    assert auroc(LABEL, np.array(score, dtype=float)) == expected
    assert auroc(LABEL, np.array(score, dtype=float), np.ones(4)) == expected


def test_a_constant_score_has_the_prevalence_as_auprc_and_half_as_auroc():
    label, _, weight = rows(n=300, seed=3)
    flat = np.zeros(300)
    assert abs(auprc(label, flat) - prevalence(label)) < EXACT
    assert abs(auprc(label, flat, weight) - prevalence(label, weight)) < EXACT
    assert (auroc(label, flat), auroc(label, flat, weight)) == (0.5, 0.5)


def test_scores_that_only_tell_the_folds_apart_are_worth_nothing_within_folds_and_less_over_them():
    rng = np.random.default_rng(4)
    fold = np.repeat(np.arange(5), 400)
    label = (rng.random(2000) < np.array([0.05, 0.08, 0.1, 0.12, 0.15])[fold]).astype(np.int64)
    others = np.array([label[fold != k].mean() for k in range(5)])[fold]
    assert auroc_within(label, others, fold) == 0.5
    assert auroc(label, others) < 0.45
    score = rng.normal(size=2000) + label
    assert abs(auroc_within(label, score, np.zeros(2000, dtype=np.int64)) - auroc(label, score)) < EXACT


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("decimals", [0, 1, 6])
def test_agrees_with_scikit_learn_with_and_without_weights(seed, decimals):
    label, score, weight = rows(n=350, seed=seed, decimals=decimals)
    p = sigmoid(score)
    for own in (None, weight):
        assert abs(auroc(label, score, own) - roc_auc_score(label, score, sample_weight=own)) < EXACT
        assert abs(auprc(label, score, own) - average_precision_score(label, score, sample_weight=own)) < EXACT
        assert abs(log_loss(label, score, own) - sklearn_log_loss(label, p, sample_weight=own)) < EXACT
        assert abs(brier(label, score, own) - brier_score_loss(label, p, sample_weight=own)) < EXACT


def test_a_weight_is_that_many_rows():
    label, score, _ = rows(n=200, seed=5)
    times = np.random.default_rng(5).integers(0, 4, size=200)
    repeated = np.repeat(label, times), np.repeat(score, times)
    for measure in (
        auroc, auprc, log_loss, brier, scaled_brier, prevalence_of, calibration_slope, calibration_intercept
    ):  # fmt: skip
        assert abs(measure(label, score, times.astype(float)) - measure(*repeated)) < 1e-9, measure.__name__


def prevalence_of(label, _score, weight=None):
    return prevalence(label, weight)


def test_order_of_rows_and_scale_of_weights_do_not_matter():
    label, score, weight = rows(n=200, seed=6)
    at = np.random.default_rng(6).permutation(200)
    for measure in (auroc, auprc, log_loss, brier, calibration_slope, calibration_intercept):
        whole = measure(label, score, weight)
        assert abs(measure(label[at], score[at], 7.5 * weight[at]) - whole) < 1e-9, measure.__name__


def test_log_loss_and_brier_of_extreme_logits_are_finite():
    far = np.array([800.0, -800.0])
    with np.errstate(over="ignore"):
        assert log_loss(np.array([1, 0]), far) == 0.0
        assert log_loss(np.array([0, 1]), far) == 800.0
        assert brier(np.array([0, 1]), far) == 1.0


def test_two_risk_groups_have_a_calibration_that_is_worked_out_by_hand():
    # 20 of 100 died at logit -1, 70 of 100 at +1: the fit goes through both shares.
    label = np.repeat([1, 0, 1, 0], [20, 80, 70, 30])
    score = np.repeat([-1.0, 1.0], 100)
    low, high = math.log(0.2 / 0.8), math.log(0.7 / 0.3)
    slope, intercept = fit_affine(label, score)
    assert abs(slope - (high - low) / 2) < 1e-9
    assert abs(intercept - (high + low) / 2) < 1e-9
    assert calibration_slope(label, score) == slope


def test_calibration_intercept_is_the_log_odds_ratio_where_all_have_one_risk():
    label, score = np.repeat([1, 0], [30, 70]), np.full(100, -2.0)
    assert abs(calibration_intercept(label, score) - (math.log(0.3 / 0.7) + 2.0)) < 1e-9
    assert abs(calibration_intercept(label, np.full(100, 30.0)) - (math.log(0.3 / 0.7) - 30.0)) < 1e-9


@pytest.mark.parametrize("weighted", [False, True])
def test_slope_and_intercept_are_those_of_a_logistic_regression(weighted):
    label, score, weight = rows(n=2000, seed=7, decimals=3)
    own = weight if weighted else None
    reference = LogisticRegression(C=np.inf, tol=1e-12, max_iter=1000).fit(score[:, None], label, sample_weight=own)
    slope, intercept = fit_affine(label, score, own)
    assert abs(slope - reference.coef_[0, 0]) < 1e-5
    assert abs(intercept - reference.intercept_[0]) < 1e-5


def test_slope_is_found_from_far_away():
    rng = np.random.default_rng(8)
    score = rng.normal(size=3000) * 40
    label = (rng.random(3000) < sigmoid(score / 40 - 1)).astype(np.int64)
    slope, intercept = fit_affine(label, score)
    assert abs(slope * 40 - 1) < 0.15
    assert abs(intercept + 1) < 0.15


def test_calibration_of_true_risks_is_ideal_and_that_of_doubled_logits_is_half():
    rng = np.random.default_rng(9)
    score = rng.normal(-2, 1.2, size=100_000)
    label = (rng.random(score.size) < sigmoid(score)).astype(np.int64)
    assert abs(calibration_intercept(label, score)) < 0.04
    assert abs(calibration_slope(label, score) - 1) < 0.03
    assert abs(calibration_slope(label, 2 * score) - 0.5) < 0.015
    true, extreme = (integrated_calibration_index(label[:8000], k * score[:8000]) for k in (1, 2))
    assert true < 0.01 < 0.04 < extreme


def test_ici_of_a_known_shift():
    # Everybody's risk is 0.1 higher than said, and the smooth is linear: the index is that 0.1.
    p = np.linspace(0.2, 0.6, 4001)
    label = (np.random.default_rng(10).random(p.size) < p + 0.1).astype(np.int64)
    assert abs(integrated_calibration_index(label, logit(p)) - 0.1) < 0.02
    assert integrated_calibration_index(np.array([0, 1, 1, 0]), np.zeros(4)) == 0.0


def test_bad_call_what_is_not_defined_is_nan_and_a_fit_that_cannot_be_is_refused():
    one, score = np.ones(4, dtype=np.int64), np.array([0.1, 0.2, 0.3, 0.4])
    label = np.array([0, 1, 0, 1])
    for measure in (auroc, auprc, calibration_intercept, calibration_slope):
        assert math.isnan(measure(one, score)), measure.__name__
        assert math.isnan(measure(1 - one, score)), measure.__name__
        # All that has weight is of one class.
        assert math.isnan(measure(label, score, np.array([1.0, 0.0, 1.0, 0.0]))), measure.__name__
    assert math.isnan(auroc(label, np.array([0.1, np.nan, 0.3, 0.4])))
    assert math.isnan(auprc(label, np.array([0.1, np.nan, 0.3, 0.4])))
    with pytest.raises(ValueError, match="one class: 4 events in 4 rows"):
        fit_affine(one, score)
    with pytest.raises(ValueError, match="same logit"):
        fit_affine(label, np.zeros(4))
    with pytest.raises(ValueError, match="parts the classes"):
        fit_affine(np.array([0, 0, 1, 1]), score)


def hanley_mcneil(area, events, others):
    """Standard error of an AUROC (Radiology 1982;143:29)."""
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (events - 1) * (q1 - area**2) + (others - 1) * (q2 - area**2)
    return math.sqrt(variance / (events * others))


def names(n):
    return np.array([f"p{i}" for i in range(n)])


def test_bootstrap_interval_of_an_auroc_is_as_wide_as_its_formula_says():
    label, score, _ = rows(n=1500, seed=11, decimals=4)
    found = bootstrap(auroc, label, score, patient=names(1500), resamples=800, seed=1)
    assert (found.n, found.events) == (1500, int(label.sum()))
    assert found.low < found.value < found.high
    expected = 2 * 1.96 * hanley_mcneil(found.value, found.events, 1500 - found.events)
    assert abs((found.high - found.low) / expected - 1) < 0.15


def test_copies_of_a_patients_rows_make_no_interval_narrower():
    label, score, _ = rows(n=300, seed=12)
    once = bootstrap(auroc, label, score, patient=names(300), resamples=200, seed=2)
    thrice = bootstrap(
        auroc, np.repeat(label, 3), np.repeat(score, 3), patient=np.repeat(names(300), 3), resamples=200, seed=2
    )
    assert abs(once.low - thrice.low) < EXACT
    assert abs(once.high - thrice.high) < EXACT


def test_resamples_draw_whole_patients_and_always_both_classes():
    patient = np.array(["a", "a", "b", "c", "c", "c", "d"])
    label = np.array([0, 0, 1, 0, 0, 0, 0])
    for at in patient_resamples(patient, label, resamples=50, seed=3):
        assert 0 < label[at].sum() < len(at)
        counts = np.bincount(at, minlength=7)
        assert counts[0] == counts[1]
        assert counts[3] == counts[4] == counts[5]


def test_the_same_seed_gives_the_same_interval_and_weights_are_resampled_with_their_rows():
    label, score, weight = rows(n=250, seed=13)
    given = {"patient": names(250), "resamples": 60, "seed": 4}
    assert bootstrap(auroc, label, score, **given) == bootstrap(auroc, label, score, **given)
    ones = bootstrap(log_loss, label, score, **given, weight=np.ones(250))
    assert abs(ones.low - bootstrap(log_loss, label, score, **given).low) < EXACT
    assert bootstrap(log_loss, label, score, **given, weight=weight).value == log_loss(label, score, weight)


def test_paired_interval_is_that_of_the_differences_on_the_same_resamples():
    label, score, weight = rows(n=400, seed=14, decimals=3)
    other = score + np.random.default_rng(14).normal(0, 0.3, size=400)
    patient = np.repeat(names(200), 2)
    for own in (None, weight):
        extra = () if own is None else (own,)
        found = paired_bootstrap(auroc, label, score, other, patient=patient, resamples=150, seed=5, weight=own)
        draws = [
            auroc(label[at], score[at], *(w[at] for w in extra)) - auroc(label[at], other[at], *(w[at] for w in extra))
            for at in patient_resamples(patient, label, resamples=150, seed=5)
        ]
        assert found.value == auroc(label, score, *extra) - auroc(label, other, *extra)
        assert (found.low, found.high) == tuple(np.percentile(draws, [2.5, 97.5]))
        assert found.share_above == np.mean(np.array(draws) > 0)
        assert found.to_json()["shareAbove"] == round(found.share_above, 4)


def test_pairing_narrows_the_interval_of_scores_that_agree():
    label, score, _ = rows(n=600, seed=15, decimals=3)
    other = score + np.random.default_rng(15).normal(0, 0.1, size=600)
    given = {"patient": names(600), "resamples": 300, "seed": 6}
    paired = paired_bootstrap(auroc, label, score, other, **given)
    alone = bootstrap(auroc, label, score, **given)
    assert paired.high - paired.low < 0.5 * (alone.high - alone.low)
    swapped = paired_bootstrap(auroc, label, other, score, **given)
    assert abs(swapped.low + paired.high) < EXACT
