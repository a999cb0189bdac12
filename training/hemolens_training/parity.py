"""``parity``: adversarial rows with LightGBM's own answers, for the TypeScript check, and the same check in Python.

Everything comes from the bundle: golden rows as the base, thresholds from ``gbm.json``, answers from LightGBM's text.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import onnxruntime

from hemolens_training.adversarial_rows import adversarial_rows
from hemolens_training.onnx_export import INPUT, OUTPUT
from hemolens_training.run_folder import create_folder, read_json, write_json
from hemolens_training.trees import FloatRows, Tree, leaves_of, raw_scores


def parity(*, bundle: Path, out: Path, rows: int, contribution_rows: int, seed: int) -> dict[str, Any]:
    """Writes ``out`` and returns the largest differences seen from Python.

    Files, little-endian, row-major: rows.f32 [rows, columns], raw.f64 [rows], leaves.i32 [rows, trees],
    contributions.f64 [contribution rows, columns + 1] (base last), meta.json.
    """
    booster = lgb.Booster(model_file=str(bundle / "evaluation" / "lightgbm-model.txt"))
    trees = [Tree.from_json(tree) for tree in read_json(bundle / "gbm.json")["trees"]]
    inputs = adversarial_rows(trees, _golden_rows(bundle), rows=rows, seed=seed)
    raw = np.asarray(booster.predict(inputs, raw_score=True), dtype=np.float64)
    leaves = np.asarray(booster.predict(inputs, pred_leaf=True)).reshape(rows, -1).astype(np.int32)
    contributions = np.asarray(booster.predict(inputs[:contribution_rows], pred_contrib=True), dtype=np.float64)

    create_folder(out)
    inputs.astype("<f4").tofile(out / "rows.f32")
    raw.astype("<f8").tofile(out / "raw.f64")
    leaves.astype("<i4").tofile(out / "leaves.i32")
    contributions.astype("<f8").tofile(out / "contributions.f64")
    session = onnxruntime.InferenceSession(str(bundle / "gbm.onnx"))
    batch = session.run([OUTPUT], {INPUT: inputs})[0][:, 0].astype(np.float64)
    summary: dict[str, Any] = {
        "rows": rows,
        "columns": int(inputs.shape[1]),
        "trees": len(trees),
        "contributionRows": contribution_rows,
        "python": {
            "maxOnnxDifference": float(np.abs(batch - raw).max()),
            "maxTreeDifference": float(np.abs(raw_scores(trees, inputs) - raw).max()),
            "leafMismatches": int(sum((leaves_of(tree, inputs) != leaves[:, i]).sum() for i, tree in enumerate(trees))),
        },
    }
    write_json(out / "meta.json", summary)
    return summary


def _golden_rows(bundle: Path) -> FloatRows:
    rows = read_json(bundle / "golden.json")["rows"]
    return np.array([[np.nan if cell is None else cell for cell in row["tabular"]] for row in rows], dtype=np.float32)
