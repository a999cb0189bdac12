"""Splits, source dropout, calibration and measures."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from hemolens_training.config import load_config, parse_config
from hemolens_training.dataset import Rows, load_dataset
from hemolens_training.fit_lightgbm import _parameters, with_source_dropout
from hemolens_training.metrics import (
    auprc,
    auroc,
    bootstrap,
    calibration_intercept,
    fit_affine,
    patient_resamples,
    sigmoid,
)
from hemolens_training.splits import assign_folds


def test_a_patient_keeps_the_fold_whoever_else_is_there():
    everybody = [str(i) for i in range(500)]
    whole = dict(zip(everybody, assign_folds(everybody, folds=5, salt="s"), strict=True))
    some = everybody[3::7]
    assert [whole[p] for p in some] == assign_folds(some, folds=5, salt="s").tolist()
    assert assign_folds(["9", "9"], folds=5, salt="s").tolist() == [whole["9"]] * 2


def test_folds_are_of_similar_size():
    sizes = np.bincount(assign_folds([str(i) for i in range(5000)], folds=5, salt="s"))
    assert sizes.min() > 900


def test_source_dropout_adds_masked_copies_and_leaves_the_rows_alone(config_path, dataset_folder):
    dataset, config = load_dataset(dataset_folder), load_config(config_path)
    rows = dataset.sets["a"].certain()
    more = with_source_dropout(rows, dataset=dataset, config=config)
    n = len(rows.label)
    assert np.array_equal(more.features[:n], rows.features, equal_nan=True)
    copies = more.features[n:]
    assert 0.1 < len(copies) / n < 0.3
    labs_gone = np.isnan(copies[:, 0]) & np.isnan(copies[:, 1])
    vitals_gone = np.isnan(copies[:, 2]) & np.isnan(copies[:, 3])
    assert np.array_equal(labs_gone, ~vitals_gone)
    assert labs_gone.any() and vitals_gone.any()
    assert not np.isnan(copies[:, 4]).any()
    assert not np.isnan(rows.features[:, 1]).any(), "a count of 0 stays 0 where the source was read"


def test_class_weights_and_zero_as_missing_cannot_be_configured(config_path):
    config = load_config(config_path)
    with pytest.raises(ValueError, match="scale_pos_weight"):
        _parameters({"scale_pos_weight": 3.0}, config)


def test_config_names_the_wrong_key(config_path):
    text = config_path.read_text()
    with pytest.raises(ValueError, match=r"unknown key split\.colour"):
        parse_config(text.replace("folds = 3", "folds = 3\ncolour = 1"))
    with pytest.raises(ValueError, match=r"missing key split\.folds"):
        parse_config(text.replace("folds = 3", ""))


def test_discrimination_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, size=400)
    score = np.round(rng.normal(size=400) + label, 1)
    assert abs(auroc(label, score) - roc_auc_score(label, score)) < 1e-12
    assert abs(auprc(label, score) - average_precision_score(label, score)) < 1e-12


def test_affine_fit_recovers_a_known_distortion():
    rng = np.random.default_rng(1)
    logit = rng.normal(-2, 1.5, size=200_000)
    label = (rng.random(logit.size) < sigmoid(0.7 * logit - 0.4)).astype(np.int64)
    slope, intercept = fit_affine(label, logit)
    assert abs(slope - 0.7) < 0.02
    assert abs(intercept + 0.4) < 0.03
    assert abs(calibration_intercept(label, slope * logit + intercept)) < 1e-6


def test_bootstrap_draws_whole_patients():
    patient = np.array(["x", "x", "y", "z"])
    label = np.array([1, 1, 0, 1])
    for at in patient_resamples(patient, label, resamples=50, seed=1):
        counts = np.bincount(at, minlength=4)
        assert counts[0] == counts[1]
    rows = Rows(patient=patient, features=np.zeros((4, 1), np.float32), label=label, day2=np.zeros(4, bool))
    assert rows.certain().label.tolist() == [1, 1, 0, 1]


def test_interval_holds_the_value():
    rng = np.random.default_rng(2)
    label = rng.integers(0, 2, size=300)
    estimate = bootstrap(
        auroc, label, rng.normal(size=300) + label, patient=np.arange(300).astype(str), resamples=100, seed=1
    )
    assert estimate.low < estimate.value < estimate.high
    assert (estimate.n, estimate.events) == (300, int(label.sum()))
