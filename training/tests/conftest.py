"""A made-up dataset folder in the layout the TypeScript builder writes, and a short configuration."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hemolens_training.dataset import episodes_sha256, tabular_sha256

NAMES = ["lactate.last", "lactate.count", "heart_rate.last", "heart_rate.max", "age"]
SOURCES = [["labs"], ["labs"], ["vitals"], ["vitals"], []]

CONFIG = """
seed = 7
[bundle]
id = "toy"
version = "0.0.1"
title = "Toy model"
outcome = "Death within 7 days of the prediction time"
population = "Random numbers"
icu_only = true
source = "random numbers"
citation = "nobody"
licence = "none"
[data]
train_set = "a"
held_out_set = "b"
[split]
salt = "toy"
folds = 3
early_stopping_share = 0.2
[source_dropout]
share = 0.2
sources = ["labs", "vitals"]
[lightgbm]
max_trees = 40
early_stopping_rounds = 10
[lightgbm.fixed]
learning_rate = 0.1
num_threads = 1
[lightgbm.grid]
num_leaves = [4, 8]
min_data_in_leaf = [20]
[comparator]
inverse_penalties = [0.01, 0.1]
[evaluation]
resamples = 50
tier_bounds = [0.03, 0.1, 0.25]
[export]
parts = 4
golden_rows = 50
golden_tolerance = 1e-5
"""


@pytest.fixture(scope="session")
def config_path(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("config") / "toy.toml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def dataset_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dataset") / "toy"
    folder.mkdir()
    rng = np.random.default_rng(3)
    n = 2400
    severity = rng.normal(size=n)
    count = rng.poisson(1.2, size=n).astype(float)
    lactate = np.where(count > 0, np.exp(0.5 + 0.4 * severity + 0.2 * rng.normal(size=n)), np.nan)
    rate = 85 + 12 * severity + 8 * rng.normal(size=n)
    age = rng.uniform(20, 90, size=n)
    chance = 1 / (1 + np.exp(-(-2.6 + 1.4 * severity + 0.02 * (age - 60))))
    label = (rng.random(n) < chance).astype(int)
    day2 = rng.random(n) < 0.02
    features = np.column_stack([lactate, count, rate, rate + 5, age]).astype(np.float32)
    ids = [f"toy/{i:05d}" for i in range(n)]
    episodes = {
        "episode_id": pa.array(ids),
        "patient_id": pa.array([str(i) for i in range(n)]),
        "subset": pa.array(["a" if i < n // 2 else "b" for i in range(n)]),
        "label_7d": pa.array([None if d else bool(y) for y, d in zip(label, day2, strict=True)], pa.bool_()),
    }
    columns: dict[str, pa.Array] = {"episode_id": pa.array(ids)}
    for index, name in enumerate(NAMES):
        columns[name] = pa.array(features[:, index], pa.float32())
    pq.write_table(pa.table(columns), folder / "tabular.parquet")
    pq.write_table(pa.table(episodes), folder / "episodes.parquet")
    spec = {"specVersion": 1, "id": "toy", "tabular": [{"name": name} for name in NAMES]}
    (folder / "feature-spec.json").write_text(json.dumps(spec), encoding="utf-8")
    described = [{"name": name, "sources": sources} for name, sources in zip(NAMES, SOURCES, strict=True)]
    (folder / "columns.json").write_text(json.dumps({"columns": described}), encoding="utf-8")
    counts = {"patients": n, "admissions": n, "episodes": n}
    attrition = {"totals": {"patients": n}, "found": counts, "excluded": {"under-18": counts}, "kept": counts}
    card = {
        "attrition": attrition,
        "tabularSha256": tabular_sha256(ids, features),
        "episodesSha256": episodes_sha256(pa.table(episodes)),
    }
    (folder / "dataset-card.json").write_text(json.dumps(card), encoding="utf-8")
    (folder / "DONE").write_text("", encoding="utf-8")
    return folder
