"""A BERT-family model as a float32 ONNX graph: token ids in, ``last_hidden_state`` out, any sequence length.

Exported by torch's tracing exporter at opset 17 with plain attention (no fused kernels, no nested tensors).
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from hemolens_training.checkpoint import Checkpoint, load_weights

OUTPUT = "last_hidden_state"
_OPSET = 17
#: onnxruntime-node 1.30 reads up to this.
MOST_IR_VERSION = 10
_INPUTS = {
    "bert": ("input_ids", "attention_mask", "token_type_ids"),
    "modernbert": ("input_ids", "attention_mask"),
}
#: Between torch and the float32 graph, relative to the largest number of the output.
_GRAPH_TOLERANCE = 1e-4


def float_graph(checkpoint: Checkpoint) -> onnx.ModelProto:
    """The checked float32 graph; ValueError where it differs from torch at some length."""
    import torch

    class LastHiddenState(torch.nn.Module):
        """Inputs by place, one output."""

        def __init__(self, model: Any) -> None:  # noqa: ANN401
            super().__init__()
            self.encoder = model

        def forward(self, *inputs: torch.Tensor) -> Any:  # noqa: ANN401
            return self.encoder(**dict(zip(names, inputs, strict=True)), return_dict=False)[0]

    names = _INPUTS[checkpoint.family]
    # Tracing leaves a module in the mode that its wrapper was in.
    model = LastHiddenState(load_weights(checkpoint)).eval()
    traced = _inputs(names, _random_ids(checkpoint, min(37, checkpoint.positions)))
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        path = Path(folder) / "float.onnx"
        torch.onnx.export(
            model,
            tuple(torch.from_numpy(traced[name]) for name in names),
            path,
            dynamo=False,
            opset_version=_OPSET,
            input_names=list(names),
            output_names=[OUTPUT],
            dynamic_axes={name: {0: "batch", 1: "sequence"} for name in (*names, OUTPUT)},
        )
        graph = onnx.load(path)
    _strip(graph)
    if graph.ir_version > MOST_IR_VERSION:
        raise ValueError(f"the exporter wrote IR {graph.ir_version}; onnxruntime-node reads {MOST_IR_VERSION}")
    session = open_session(graph)
    for length in sorted({1, 2, min(100, checkpoint.positions), min(512, checkpoint.positions)}):
        inputs = _inputs(names, _random_ids(checkpoint, length))
        with torch.no_grad():
            expected = model(*(torch.from_numpy(inputs[name]) for name in names)).numpy()
        difference = float(np.abs(session.run([OUTPUT], inputs)[0] - expected).max() / np.abs(expected).max())
        if not difference <= _GRAPH_TOLERANCE:
            raise ValueError(f"the graph differs from torch by {difference:.1e} at {length} tokens")
    return graph


def open_session(graph: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """One thread: the sums are then the same from run to run."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])


def embed(session: onnxruntime.InferenceSession, ids: list[int]) -> NDArray[np.float32]:
    """Mean over the tokens of one text, special tokens included, then length 1."""
    names = tuple(item.name for item in session.get_inputs())
    hidden = session.run([OUTPUT], _inputs(names, np.array([ids], dtype=np.int64)))[0][0].astype(np.float64)
    mean = hidden.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)


def _inputs(names: tuple[str, ...], ids: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    known = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    return {name: known[name] for name in names}


def _random_ids(checkpoint: Checkpoint, length: int) -> NDArray[np.int64]:
    return np.random.default_rng(length).integers(0, int(checkpoint.config["vocab_size"]), size=(1, length))


def _strip(graph: onnx.ModelProto) -> None:
    """Takes out what tells of the exporting machine: stack traces with file names."""
    graph.doc_string = ""
    graph.graph.doc_string = ""
    for node in graph.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    onnx.checker.check_model(graph)
