"""LightGBM to ONNX TreeEnsembles in float32, without one flipped decision.

LightGBM decides ``x <= t`` in double. For a float32 ``x`` that equals ``x <= floor32(t)``, so thresholds are rounded
*down*; public converters round to nearest and send ties the other way. Two corners: magnitudes up to 1e-35 count as
zero, and a threshold of 1e300 stands for infinity.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from hemolens_training.trees import STORED_INFINITY, ZERO_BAND, Tree

INPUT, OUTPUT = "tabular", "logit"
#: ONNX Runtime 1.30 in Node reads IR 10 and opset 17.
_IR_VERSION, _OPSET, _ML_OPSET = 8, 17, 3


def floor32(threshold: float) -> float:
    """The float32 threshold that decides every float32 value as LightGBM decides it by ``threshold``.

    >>> floor32(0.1) <= 0.1 < float(np.nextafter(np.float32(floor32(0.1)), np.float32(1)))
    True
    >>> floor32(1e300)
    inf
    >>> floor32(-1.0000000180025095e-35) < -ZERO_BAND and floor32(1e-36) == ZERO_BAND
    True
    """
    if threshold >= STORED_INFINITY:
        return float("inf")
    band = np.float32(ZERO_BAND)
    if -ZERO_BAND <= threshold < 0:
        return float(np.nextafter(-band, np.float32(-np.inf)))
    if 0 <= threshold <= ZERO_BAND:
        return ZERO_BAND
    with np.errstate(over="ignore"):
        nearest = np.float32(threshold)
    if float(nearest) > threshold:
        nearest = np.nextafter(nearest, np.float32(-np.inf))
    return float(nearest)


def export_onnx(trees: Sequence[Tree], *, columns: int, parts: int = 20) -> onnx.ModelProto:
    """The graph ``tabular`` float32 [N, columns] → ``logit`` float32 [N, 1].

    The trees are split into ``parts`` ensembles whose sums are added in double: within one ensemble ONNX Runtime adds
    leaf values in float32. Raises ValueError on trees trained with ``zero_as_missing``.
    """
    chunks = [list(chunk) for chunk in np.array_split(np.arange(len(trees)), min(parts, len(trees)))]
    nodes: list[onnx.NodeProto] = []
    doubles: list[str] = []
    for index, chunk in enumerate(chunks):
        part, double = f"part_{index}", f"part_{index}_double"
        attributes = _ensemble([trees[i] for i in chunk])
        nodes.append(
            helper.make_node("TreeEnsembleRegressor", [INPUT], [part], name=part, domain="ai.onnx.ml", **attributes)
        )
        nodes.append(helper.make_node("Cast", [part], [double], to=TensorProto.DOUBLE))
        doubles.append(double)
    nodes.append(helper.make_node("Sum", doubles, ["sum_double"]))
    nodes.append(helper.make_node("Cast", ["sum_double"], [OUTPUT], to=TensorProto.FLOAT))
    graph = helper.make_graph(
        nodes,
        "lightgbm",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["N", columns])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["N", 1])],
    )
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("ai.onnx.ml", _ML_OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="hemolens-training")
    onnx.checker.check_model(model)
    return model


def _ensemble(trees: Sequence[Tree]) -> dict[str, Any]:
    nodes: dict[str, list[Any]] = {
        f"nodes_{name}": []
        for name in (
            "treeids",
            "nodeids",
            "featureids",
            "values",
            "modes",
            "truenodeids",
            "falsenodeids",
            "missing_value_tracks_true",
        )
    }
    target: dict[str, list[Any]] = {f"target_{name}": [] for name in ("treeids", "nodeids", "ids", "weights")}
    for tree_id, tree in enumerate(trees):
        inner = len(tree.split_feature)
        for node in range(inner):
            _add_node(
                nodes,
                tree_id,
                node,
                featureids=tree.split_feature[node],
                values=floor32(tree.threshold[node]),
                modes="BRANCH_LEQ",
                truenodeids=_node_id(tree.left_child[node], inner),
                falsenodeids=_node_id(tree.right_child[node], inner),
                missing_value_tracks_true=int(_missing_goes_left(tree, node)),
            )
        for leaf, value in enumerate(tree.leaf_value):
            _add_node(
                nodes,
                tree_id,
                inner + leaf,
                featureids=0,
                values=0.0,
                modes="LEAF",
                truenodeids=0,
                falsenodeids=0,
                missing_value_tracks_true=0,
            )
            for name, entry in (("treeids", tree_id), ("nodeids", inner + leaf), ("ids", 0), ("weights", value)):
                target[f"target_{name}"].append(entry)
    return {**nodes, **target, "n_targets": 1, "post_transform": "NONE", "aggregate_function": "SUM"}


def _add_node(nodes: dict[str, list[Any]], tree_id: int, node_id: int, **entries: object) -> None:
    for name, entry in {"treeids": tree_id, "nodeids": node_id, **entries}.items():
        nodes[f"nodes_{name}"].append(entry)


def _node_id(child: int, inner: int) -> int:
    return child if child >= 0 else inner + ~child


def _missing_goes_left(tree: Tree, node: int) -> bool:
    kind = tree.missing_type[node]
    if kind == "zero":
        raise ValueError("zero_as_missing trees cannot be exported: zero and missing must stay apart")
    # Without missing values in training LightGBM reads NaN as zero.
    return tree.default_left[node] if kind == "nan" else tree.threshold[node] >= 0
