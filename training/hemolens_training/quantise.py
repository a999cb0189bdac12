"""A float32 transformer graph with its weights as 8-bit integers.

Two ways, both with the embedding tables as one int8 scale per row (a row is looked up, then scaled; the table is never
turned back as a whole):

- ``dynamic``: unsigned weights per output channel, activations quantised as they come, over the whole input. Twice as
  fast as float32; a text's embedding depends on what it shares a batch with, so one text a run, unpadded. Unsigned,
  because signed weights against unsigned activations overflow 16 bits on processors without VNNI.
- ``weight-only``: int8 weights per output channel behind ``DequantizeLinear``, everything else in float32. Nearer to
  float32 and independent of the batch; as slow as float32.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

Quantisation = Literal["dynamic", "weight-only"]

#: The words of ``encoder.json``.
QUANTISATION_NAMES: dict[Quantisation, str] = {
    "dynamic": "dynamic-quint8-per-channel",
    "weight-only": "weight-only-int8",
}


def quantise(model: onnx.ModelProto, quantisation: Quantisation) -> onnx.ModelProto:
    """A copy of the graph with 8-bit weights; ValueError when it has none to quantise."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    tables = _rewrite_tables(copy)
    if quantisation == "weight-only":
        weights = _rewrite_weights(copy)
    else:
        copy, weights = _quantise_matmuls_dynamically(copy)
    if tables == 0 or weights == 0:
        raise ValueError(f"the graph has {tables} embedding tables and {weights} weight matrices: nothing to quantise")
    return copy


def int8_by_axis(weight: NDArray[np.float32], *, axis: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Symmetric int8 values and one scale for every index of ``axis``.

    >>> values, scale = int8_by_axis(np.array([[1.0, -2.0], [0.0, 0.0]], dtype=np.float32), axis=0)
    >>> values.tolist(), [round(float(item), 4) for item in scale]
    ([[64, -127], [0, 0]], [0.0157, 1.0])
    """
    others = tuple(at for at in range(weight.ndim) if at != axis)
    peak = np.abs(weight).max(axis=others)
    scale = np.where(peak > 0, peak / np.float32(127), np.float32(1)).astype(np.float32)
    shape = [-1 if at == axis else 1 for at in range(weight.ndim)]
    values = np.rint(weight / scale.reshape(shape)).astype(np.int8)
    return values, scale


def _rewrite_tables(model: onnx.ModelProto) -> int:
    """``Gather(table, ids)`` → ``Cast(Gather(int8 table, ids)) * Gather(scale column, ids)``."""

    def nodes(node: onnx.NodeProto, table: str, scale: str) -> list[onnx.NodeProto]:
        ids, out = node.input[1], node.output[0]
        return [
            onnx.helper.make_node("Gather", [table, ids], [f"{out}_int8"], name=f"{node.name}_int8", axis=0),
            onnx.helper.make_node("Cast", [f"{out}_int8"], [f"{out}_cast"], name=f"{node.name}_cast", to=1),
            onnx.helper.make_node("Gather", [scale, ids], [f"{out}_scale"], name=f"{node.name}_scale", axis=0),
            onnx.helper.make_node("Mul", [f"{out}_cast", f"{out}_scale"], [out], name=f"{node.name}_scaled"),
        ]

    def is_table(node: onnx.NodeProto) -> bool:
        return node.op_type == "Gather" and all(item.i == 0 for item in node.attribute if item.name == "axis")

    return _rewrite(model, at=0, axis=0, wanted=is_table, nodes=nodes, scale_shape=(-1, 1))


def _rewrite_weights(model: onnx.ModelProto) -> int:
    """``MatMul(x, weight)`` → ``MatMul(x, DequantizeLinear(int8 weight, scale per column))``."""

    def nodes(node: onnx.NodeProto, weight: str, scale: str) -> list[onnx.NodeProto]:
        whole = f"{node.output[0]}_weight"
        back = onnx.helper.make_node("DequantizeLinear", [weight, scale], [whole], name=f"{node.name}_weight", axis=1)
        product = onnx.helper.make_node("MatMul", [node.input[0], whole], [node.output[0]], name=node.name)
        return [back, product]

    return _rewrite(model, at=1, axis=1, wanted=lambda node: node.op_type == "MatMul", nodes=nodes, scale_shape=(-1,))


def _rewrite(
    model: onnx.ModelProto,
    *,
    at: int,
    axis: int,
    wanted: Callable[[onnx.NodeProto], bool],
    nodes: Callable[[onnx.NodeProto, str, str], list[onnx.NodeProto]],
    scale_shape: tuple[int, ...],
) -> int:
    """Replaces the nodes whose input ``at`` is a float32 matrix of the file; returns how many matrices that were."""
    matrices = {
        tensor.name: tensor
        for tensor in model.graph.initializer
        if tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) == 2
    }
    rewritten: list[onnx.NodeProto] = []
    done: list[str] = []
    for node in model.graph.node:
        name = node.input[at] if len(node.input) > at else ""
        if name not in matrices or not wanted(node):
            rewritten.append(node)
            continue
        if name not in done:
            done.append(name)
        rewritten.extend(nodes(node, f"{name}_int8", f"{name}_scale"))
    for name in done:
        values, scale = int8_by_axis(numpy_helper.to_array(matrices[name]), axis=axis)
        model.graph.initializer.append(numpy_helper.from_array(values, f"{name}_int8"))
        model.graph.initializer.append(numpy_helper.from_array(scale.reshape(scale_shape), f"{name}_scale"))
    del model.graph.node[:]
    model.graph.node.extend(rewritten)
    used = {name for node in rewritten for name in node.input}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    return len(done)


def _quantise_matmuls_dynamically(model: onnx.ModelProto) -> tuple[onnx.ModelProto, int]:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # It advises shape inference first, which a graph without convolutions has no use for.
    logging.getLogger().addFilter(_is_no_advice)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "quantised.onnx"
        quantize_dynamic(
            model,
            out,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            reduce_range=False,
            weight_type=QuantType.QUInt8,
            extra_options={"MatMulConstBOnly": True},
        )
        quantised = onnx.load(out)
    logging.getLogger().removeFilter(_is_no_advice)
    weights = sum(1 for node in quantised.graph.node if node.op_type == "MatMulInteger")
    return quantised, weights


def _is_no_advice(record: logging.LogRecord) -> bool:
    return "run pre-processing before quantization" not in record.getMessage()
