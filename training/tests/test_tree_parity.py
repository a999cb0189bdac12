"""ONNX and gbm.json against LightGBM's own predictions, on rows made to break them."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from hemolens_training.adversarial_rows import adversarial_rows
from hemolens_training.make_fixtures import synthetic_booster
from hemolens_training.onnx_export import INPUT, OUTPUT, export_onnx, floor32
from hemolens_training.trees import Tree, leaves_of, raw_scores, trees_of

LOGIT_TOLERANCE = 1e-5
DOUBLE_TOLERANCE = 1e-12
ROWS = 10_000


@pytest.fixture(scope="module")
def case():
    booster, data = synthetic_booster(seed=5, trees=120, leaves=31)
    trees = trees_of(booster)
    return booster, trees, adversarial_rows(trees, data, rows=ROWS, seed=6)


def test_rows_hold_every_threshold_and_its_neighbours(case):
    _, trees, rows = case
    for column in range(rows.shape[1]):
        seen = set(rows[:, column][np.isfinite(rows[:, column])].tolist())
        for tree in trees:
            for feature, threshold in zip(tree.split_feature, tree.threshold, strict=True):
                if feature == column and abs(threshold) < 1e38:
                    assert float(np.float32(threshold)) in seen
    assert np.isnan(rows).any() and (rows == 0).any() and np.isinf(rows).any()


def test_same_leaf_in_every_tree(case):
    booster, trees, rows = case
    expected = np.asarray(booster.predict(rows, pred_leaf=True)).astype(int)
    for index, tree in enumerate(trees):
        assert np.array_equal(leaves_of(tree, rows), expected[:, index]), f"tree {index}"


def test_trees_in_double_reproduce_the_raw_score(case):
    booster, trees, rows = case
    expected = booster.predict(rows, raw_score=True)
    assert np.abs(raw_scores(trees, rows) - expected).max() <= DOUBLE_TOLERANCE


def test_onnx_reproduces_the_raw_score(case):
    booster, trees, rows = case
    session = onnxruntime.InferenceSession(export_onnx(trees, columns=rows.shape[1]).SerializeToString())
    expected = booster.predict(rows, raw_score=True)
    batch = session.run([OUTPUT], {INPUT: rows})[0][:, 0]
    assert np.abs(batch - expected).max() <= LOGIT_TOLERANCE
    single = np.array([session.run([OUTPUT], {INPUT: rows[i : i + 1]})[0][0, 0] for i in range(200)])
    assert np.abs(single - expected[:200]).max() <= LOGIT_TOLERANCE


def test_rounding_to_nearest_would_flip_decisions(case):
    """The rule earns its place: the usual conversion fails on the same rows."""
    _, trees, rows = case
    flips = 0
    for tree in trees:
        nearest = [float(np.float32(t)) if t < 1e300 else t for t in tree.threshold]
        flips += int((leaves_of(tree, rows) != leaves_of(Tree(**{**tree.__dict__, "threshold": nearest}), rows)).sum())
    assert flips > 0


def test_floor32_never_rises():
    rng = np.random.default_rng(1)
    for threshold in rng.normal(size=2000) * 10.0 ** rng.integers(-20, 20, size=2000):
        rounded = floor32(float(threshold))
        assert rounded <= threshold
        assert np.float32(rounded) == rounded


def test_refuses_zero_as_missing():
    tree = Tree(
        split_feature=[0],
        threshold=[0.5],
        default_left=[True],
        missing_type=["zero"],
        left_child=[-1],
        right_child=[-2],
        internal_count=[2],
        leaf_count=[1, 1],
        leaf_value=[0.0, 1.0],
    )
    with pytest.raises(ValueError, match="zero_as_missing"):
        export_onnx([tree], columns=1)
