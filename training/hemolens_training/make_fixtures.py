"""Writes the synthetic tree fixtures of the TypeScript tests.

``python -m hemolens_training.make_fixtures --repository ..`` writes ``test/explanation/fixtures/lightgbm-contrib.json``
and ``test/ensemble/fixtures/{gbm.onnx,gbm.json,lightgbm-rows.json}``. Random numbers only: no patient, no dataset.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

from hemolens_training.adversarial_rows import adversarial_rows
from hemolens_training.onnx_export import export_onnx
from hemolens_training.trees import FloatRows, tree_model_json, trees_of

_COLUMNS = ("steady", "gaps", "counts", "around_zero", "always_there", "coarse")


def synthetic_booster(*, seed: int, trees: int, leaves: int, rows: int = 4000) -> tuple[lgb.Booster, FloatRows]:
    """A small booster on random numbers whose columns meet every kind of missing handling, and its training rows."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, len(_COLUMNS)))
    x[:, 2] = rng.poisson(1.5, size=rows)
    x[:, 3] = np.where(rng.random(rows) < 0.4, 0.0, rng.normal(scale=0.1, size=rows))
    x[:, 5] = np.round(x[:, 5])
    effect = x[:, 0] + 0.7 * x[:, 2] * (x[:, 3] > 0) - 0.8 * (x[:, 3] < 0) + 0.4 * x[:, 4] * x[:, 5] - 1.5
    for column, share in ((1, 0.5), (2, 0.2), (3, 0.1), (5, 0.3)):
        gone = rng.random(rows) < share
        x[gone, column] = np.nan
        effect += gone * 0.3 * (column - 2)
    y = (rng.random(rows) < 1 / (1 + np.exp(-effect))).astype(np.int32)
    data = x.astype(np.float32)
    parameters = {
        "objective": "binary",
        "num_leaves": leaves,
        "learning_rate": 0.1,
        "min_data_in_leaf": 10,
        "zero_as_missing": False,
        "use_missing": True,
        "seed": seed,
        "deterministic": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    dataset = lgb.Dataset(data, label=y, feature_name=list(_COLUMNS))
    return lgb.train(parameters, dataset, num_boost_round=trees), data


def expectations(booster: lgb.Booster, rows: FloatRows, *, contributions: bool) -> dict[str, Any]:
    """Rows with LightGBM's raw scores and leaves (and contributions, base last); null NaN, strings for infinities."""
    content: dict[str, Any] = {
        "rows": [[_cell(value) for value in row] for row in rows],
        "raw": booster.predict(rows, raw_score=True, num_threads=1).tolist(),
        "leaves": np.asarray(booster.predict(rows, pred_leaf=True, num_threads=1)).astype(int).tolist(),
    }
    if contributions:
        content["contributions"] = booster.predict(rows, pred_contrib=True, num_threads=1).tolist()
    return content


def _cell(value: np.float32) -> float | str | None:
    if np.isnan(value):
        return None
    if np.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return float(value)


def write_fixtures(repository: Path) -> list[Path]:
    """Writes all fixtures below ``repository``; returns their paths."""
    shap_folder = repository / "test" / "explanation" / "fixtures"
    ensemble_folder = repository / "test" / "ensemble" / "fixtures"
    for folder in (shap_folder, ensemble_folder):
        folder.mkdir(parents=True, exist_ok=True)
    note = "Made by training/hemolens_training/make_fixtures.py from random numbers; float32 rows."

    booster, data = synthetic_booster(seed=20, trees=12, leaves=12)
    trees = trees_of(booster)
    rows = adversarial_rows(trees, data, rows=120, seed=21)
    rows = np.concatenate([rows[:100], data[:20]])
    shap = {
        "about": note,
        "model": tree_model_json(trees, booster.feature_name()),
        **expectations(booster, rows, contributions=True),
    }
    written = [_write(shap_folder / "lightgbm-contrib.json", _dump(shap))]

    booster, data = synthetic_booster(seed=22, trees=40, leaves=15)
    trees = trees_of(booster)
    rows = np.concatenate([adversarial_rows(trees, data, rows=180, seed=23), data[:20]])
    written.append(_write(ensemble_folder / "gbm.json", _dump(tree_model_json(trees, booster.feature_name()))))
    onnx_bytes: bytes = export_onnx(trees, columns=len(_COLUMNS), parts=8).SerializeToString(deterministic=True)
    written.append(_write(ensemble_folder / "gbm.onnx", onnx_bytes))
    content = {"about": note, **expectations(booster, rows, contributions=False)}
    written.append(_write(ensemble_folder / "lightgbm-rows.json", _dump(content)))
    return written


def _dump(content: object) -> bytes:
    return (json.dumps(content, separators=(",", ":"), allow_nan=False) + "\n").encode()


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repository", type=Path, default=Path(__file__).resolve().parents[2])
    for path in write_fixtures(parser.parse_args().repository):
        print(f"{path} ({path.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
