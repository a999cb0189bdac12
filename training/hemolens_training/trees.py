"""LightGBM trees as parallel arrays (``gbm.json``) and their exact walk in double precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

FloatRows = NDArray[np.float32]

#: LightGBM reads magnitudes up to float32(1e-35) as zero before it walks a tree.
ZERO_BAND = float(np.float32(1e-35))
#: LightGBM stores an infinite threshold ("missing against the rest") as this number.
STORED_INFINITY = 1e300
_MISSING_TYPES = {"None": "none", "Zero": "zero", "NaN": "nan"}


@dataclass(frozen=True, kw_only=True)
class Tree:
    """One tree. A child below zero is leaf ``~child``; thresholds are LightGBM's own doubles."""

    split_feature: list[int] = field(default_factory=list)
    threshold: list[float] = field(default_factory=list)
    default_left: list[bool] = field(default_factory=list)
    missing_type: list[str] = field(default_factory=list)
    left_child: list[int] = field(default_factory=list)
    right_child: list[int] = field(default_factory=list)
    internal_count: list[int] = field(default_factory=list)
    leaf_count: list[int]
    leaf_value: list[float]

    def to_json(self) -> dict[str, Any]:
        """The tree with the names of ``gbm.json``."""
        return {
            "splitFeature": self.split_feature,
            "threshold": self.threshold,
            "defaultLeft": self.default_left,
            "missingType": self.missing_type,
            "leftChild": self.left_child,
            "rightChild": self.right_child,
            "internalCount": self.internal_count,
            "leafCount": self.leaf_count,
            "leafValue": self.leaf_value,
        }

    @staticmethod
    def from_json(content: dict[str, Any]) -> Tree:
        """Reads what :meth:`to_json` wrote."""
        return Tree(
            split_feature=content["splitFeature"],
            threshold=content["threshold"],
            default_left=content["defaultLeft"],
            missing_type=content["missingType"],
            left_child=content["leftChild"],
            right_child=content["rightChild"],
            internal_count=content["internalCount"],
            leaf_count=content["leafCount"],
            leaf_value=content["leafValue"],
        )


def trees_of(booster: lgb.Booster) -> list[Tree]:
    """The trees of a booster; raises ValueError on categorical or linear ones, which the service cannot walk."""
    return [_tree(info, rows=_root_count(info)) for info in booster.dump_model()["tree_info"]]


def _root_count(info: dict[str, Any]) -> int:
    root = info["tree_structure"]
    return int(root.get("internal_count", root.get("leaf_count", 0)))


def _tree(info: dict[str, Any], *, rows: int) -> Tree:
    leaves, root = int(info["num_leaves"]), info["tree_structure"]
    if leaves == 1:
        return Tree(leaf_count=[max(rows, 1)], leaf_value=[float(root["leaf_value"])])
    inner = leaves - 1
    tree = Tree(
        split_feature=[0] * inner,
        threshold=[0.0] * inner,
        default_left=[False] * inner,
        missing_type=["none"] * inner,
        left_child=[0] * inner,
        right_child=[0] * inner,
        internal_count=[0] * inner,
        leaf_count=[0] * leaves,
        leaf_value=[0.0] * leaves,
    )
    _fill(tree, root)
    return tree


def _fill(tree: Tree, node: dict[str, Any]) -> int:
    if "leaf_index" in node:
        leaf = int(node["leaf_index"])
        tree.leaf_count[leaf] = int(node["leaf_count"])
        tree.leaf_value[leaf] = float(node["leaf_value"])
        return ~leaf
    if node["decision_type"] != "<=":
        raise ValueError(f"cannot export a split of type {node['decision_type']}")
    at = int(node["split_index"])
    tree.split_feature[at] = int(node["split_feature"])
    tree.threshold[at] = float(node["threshold"])
    tree.default_left[at] = bool(node["default_left"])
    tree.missing_type[at] = _MISSING_TYPES[node["missing_type"]]
    tree.internal_count[at] = int(node["internal_count"])
    tree.left_child[at] = _fill(tree, node["left_child"])
    tree.right_child[at] = _fill(tree, node["right_child"])
    return at


def leaves_of(tree: Tree, rows: FloatRows) -> NDArray[np.int64]:
    """Index of the leaf each row falls into, by LightGBM's own rules. ``rows`` has shape [n, columns].

    >>> stump = Tree(split_feature=[0], threshold=[1.5], default_left=[True], missing_type=["nan"],
    ...              left_child=[-1], right_child=[-2], internal_count=[9], leaf_count=[4, 5], leaf_value=[-1.0, 1.0])
    >>> leaves_of(stump, np.array([[1.0], [2.0], [np.nan]], dtype=np.float32)).tolist()
    [0, 1, 0]
    """
    node = np.zeros(len(rows), dtype=np.int64)
    if not tree.split_feature:
        return node
    values = rows.astype(np.float64)
    values[np.abs(values) <= ZERO_BAND] = 0.0
    feature, threshold = np.array(tree.split_feature), np.array(tree.threshold)
    threshold = np.where(threshold >= STORED_INFINITY, np.inf, threshold)
    default_left, missing = np.array(tree.default_left), np.array(tree.missing_type)
    left, right = np.array(tree.left_child), np.array(tree.right_child)
    active = np.flatnonzero(node >= 0)
    while active.size:
        at = node[active]
        x = values[active, feature[at]]
        kind = missing[at]
        x = np.where(np.isnan(x) & (kind != "nan"), 0.0, x)
        is_missing = np.isnan(x) | ((kind == "zero") & (x == 0.0))
        goes_left = np.where(is_missing, default_left[at], x <= threshold[at])
        node[active] = np.where(goes_left, left[at], right[at])
        active = active[node[active] >= 0]
    return ~node


def raw_scores(trees: Sequence[Tree], rows: FloatRows) -> NDArray[np.float64]:
    """Raw log-odds of every row, summed in double precision in tree order."""
    total = np.zeros(len(rows), dtype=np.float64)
    for tree in trees:
        total += np.array(tree.leaf_value)[leaves_of(tree, rows)]
    return total


def tree_model_json(trees: Sequence[Tree], feature_names: Sequence[str]) -> dict[str, Any]:
    """Content of ``gbm.json``."""
    return {
        "kind": "lightgbm-trees",
        "featureNames": list(feature_names),
        "trees": [tree.to_json() for tree in trees],
    }
