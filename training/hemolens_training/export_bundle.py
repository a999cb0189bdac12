"""``export``: a finished and evaluated run becomes a model bundle; manifest.json is written last."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import onnxruntime

from hemolens_training.config import TrainingConfig, load_config
from hemolens_training.dataset import Dataset, load_dataset
from hemolens_training.golden import golden_inputs, golden_json
from hemolens_training.metrics import Vector
from hemolens_training.model_card import model_card
from hemolens_training.onnx_export import INPUT, OUTPUT, export_onnx
from hemolens_training.run_folder import create_folder, read_json, require_done, write_json
from hemolens_training.trees import FloatRows, raw_scores, tree_model_json, trees_of

LEARNER = "gbm"
_DOUBLE_TOLERANCE = 1e-9


def export_bundle(*, dataset_folder: Path, run: Path, out: Path) -> Path:
    """Writes the bundle ``out``; raises FileExistsError when it exists and ValueError when anything does not fit."""
    require_done(run)
    require_done(run / "evaluation")
    config = load_config(run / "config.toml")
    dataset = load_dataset(dataset_folder)
    if read_json(run / "run.json")["datasetSha256"] != dataset.sha256:
        raise ValueError("the run was trained on another dataset")
    booster = lgb.Booster(model_file=str(run / "model.txt"))
    trees = trees_of(booster)
    calibration = read_json(run / "calibration.json")
    rows = dataset.sets[config.data.train_set].certain()
    inputs = golden_inputs(trees, rows.features, rows=config.export.golden_rows, seed=config.seed)
    raw = np.asarray(booster.predict(inputs, raw_score=True), dtype=np.float64)

    create_folder(out)
    (out / "feature-spec.json").write_bytes(dataset.spec_bytes)
    write_json(out / "gbm.json", tree_model_json(trees, dataset.feature_names), indent=None)
    graph = export_onnx(trees, columns=len(dataset.feature_names), parts=config.export.parts)
    (out / "gbm.onnx").write_bytes(graph.SerializeToString(deterministic=True))
    _require_same(inputs, raw, trees_raw=raw_scores(trees, inputs), graph=out / "gbm.onnx", config=config)
    write_json(out / "stack.json", _stack(calibration["slope"], calibration["intercept"]))
    write_json(
        out / "golden.json",
        golden_json(
            inputs,
            raw,
            learner=LEARNER,
            slope=calibration["slope"],
            intercept=calibration["intercept"],
            tolerance=config.export.golden_tolerance,
        ),
        indent=None,
    )
    (out / "evaluation").mkdir()
    for name in ("report.json", "report.md"):
        shutil.copyfile(run / "evaluation" / name, out / "evaluation" / name)
    # LightGBM's own text, so that parity can be checked again wherever the bundle is.
    shutil.copyfile(run / "model.txt", out / "evaluation" / "lightgbm-model.txt")
    report = read_json(run / "evaluation" / "report.json")
    card = model_card(config=config, report=report, trees=trees, dataset=dataset)
    (out / "MODEL_CARD.md").write_text(card, encoding="utf-8")
    write_json(out / "manifest.json", _manifest(out, config=config, dataset=dataset))
    return out


def _require_same(inputs: FloatRows, raw: Vector, *, trees_raw: Vector, graph: Path, config: TrainingConfig) -> None:
    session = onnxruntime.InferenceSession(str(graph))
    one_by_one = [session.run([OUTPUT], {INPUT: inputs[i : i + 1]})[0][0, 0] for i in range(len(inputs))]
    onnx_off = float(np.abs(np.array(one_by_one, dtype=np.float64) - raw).max())
    trees_off = float(np.abs(trees_raw - raw).max())
    if onnx_off > config.export.golden_tolerance or trees_off > _DOUBLE_TOLERANCE:
        raise ValueError(f"export differs from LightGBM: graph by {onnx_off}, trees by {trees_off}")


def _stack(slope: float, intercept: float) -> dict[str, Any]:
    return {
        "kind": "affine-logit",
        "patterns": [{"learners": [LEARNER], "intercept": 0, "weights": {LEARNER: 1}}],
        "calibration": {"slope": slope, "intercept": intercept},
    }


def _manifest(out: Path, *, config: TrainingConfig, dataset: Dataset) -> dict[str, Any]:
    rows = dataset.sets[config.data.train_set].certain()
    files = {
        path.relative_to(out).as_posix(): {"sha256": _sha256(path.read_bytes()), "bytes": path.stat().st_size}
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }
    return {
        "bundleVersion": 1,
        "id": config.bundle.id,
        "version": config.bundle.version,
        "title": config.bundle.title,
        "outcome": config.bundle.outcome,
        "population": {
            "description": config.bundle.population,
            "baseRate": round(float(rows.label.mean()), 4),
            "icuOnly": config.bundle.icu_only,
        },
        "trainingData": [
            {"source": config.bundle.source, "rows": len(rows.label), "events": int(rows.label.sum())},
        ],
        "files": files,
        "featureSpecSha256": _sha256(dataset.spec_bytes),
        "baseLearners": [
            {
                "id": LEARNER,
                "kind": "lightgbm",
                "modalities": ["tabular"],
                "graph": "gbm.onnx",
                "trees": "gbm.json",
                "inputs": [{"name": INPUT, "type": "float32", "shape": [None, len(dataset.feature_names)]}],
                "output": {"name": OUTPUT, "type": "float32", "shape": [None, 1]},
            }
        ],
    }


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
