"""The whole line on made-up data: train, evaluate, export, parity."""

from __future__ import annotations

import hashlib
import json
import shutil

import numpy as np
import onnxruntime
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hemolens_training.__main__ import main
from hemolens_training.dataset import episodes_sha256, load_dataset, tabular_sha256
from hemolens_training.evaluate import evaluate
from hemolens_training.export_bundle import export_bundle
from hemolens_training.parity import parity
from hemolens_training.train import train
from hemolens_training.trees import Tree, raw_scores

LOGIT_TOLERANCE = 1e-5


def _quiet(_text: str) -> None:
    pass


@pytest.fixture(scope="session")
def run(tmp_path_factory, config_path, dataset_folder):
    folder = tmp_path_factory.mktemp("runs") / "toy"
    train(config_path=config_path, dataset_folder=dataset_folder, run=folder, progress=_quiet)
    evaluate(dataset_folder=dataset_folder, run=folder)
    return folder


@pytest.fixture(scope="session")
def bundle(tmp_path_factory, run, dataset_folder):
    return export_bundle(dataset_folder=dataset_folder, run=run, out=tmp_path_factory.mktemp("models") / "toy")


def test_run_records_what_it_rests_on(run, dataset_folder):
    content = json.loads((run / "run.json").read_text())
    assert content["datasetSha256"] == load_dataset(dataset_folder).sha256
    assert content["seed"] == 7
    assert content["versions"]["lightgbm"]
    assert (run / "DONE").exists()


def test_a_run_is_never_overwritten(run, config_path, dataset_folder):
    with pytest.raises(FileExistsError):
        train(config_path=config_path, dataset_folder=dataset_folder, run=run, progress=_quiet)
    with pytest.raises(FileExistsError):
        evaluate(dataset_folder=dataset_folder, run=run)


def test_the_same_configuration_gives_the_same_trees(tmp_path, run, config_path, dataset_folder):
    again = tmp_path / "again"
    train(config_path=config_path, dataset_folder=dataset_folder, run=again, progress=_quiet)
    assert (again / "model.txt").read_bytes() == (run / "model.txt").read_bytes()
    assert (again / "calibration.json").read_bytes() == (run / "calibration.json").read_bytes()


def test_evaluation_refuses_another_dataset(tmp_path, run, dataset_folder):
    other = tmp_path / "other"
    shutil.copytree(dataset_folder, other)
    relabelled = pq.read_table(other / "episodes.parquet")
    flipped = pa.array([None if y is None else not y for y in relabelled["label_7d"].to_pylist()])
    relabelled = relabelled.set_column(3, "label_7d", flipped)
    pq.write_table(relabelled, other / "episodes.parquet")
    card = json.loads((other / "dataset-card.json").read_text(encoding="utf-8"))
    card["episodesSha256"] = episodes_sha256(relabelled)
    (other / "dataset-card.json").write_text(json.dumps(card), encoding="utf-8")
    copied = tmp_path / "run"
    shutil.copytree(run, copied, ignore=shutil.ignore_patterns("evaluation"))
    with pytest.raises(ValueError, match="another dataset"):
        evaluate(dataset_folder=other, run=copied)


def test_held_out_rows_change_nothing_in_training(tmp_path, run, config_path, dataset_folder):
    other = tmp_path / "other"
    shutil.copytree(dataset_folder, other)
    training = np.asarray(pq.read_table(other / "episodes.parquet")["subset"].to_pylist()) == "a"
    for name in ("episodes.parquet", "tabular.parquet"):
        pq.write_table(pq.read_table(other / name).filter(training), other / name)
    table = pq.read_table(other / "tabular.parquet")
    features = np.column_stack([table[name].to_numpy() for name in table.column_names[1:]])
    card = json.loads((other / "dataset-card.json").read_text(encoding="utf-8"))
    card["tabularSha256"] = tabular_sha256(table["episode_id"].to_pylist(), features)
    card["episodesSha256"] = episodes_sha256(pq.read_table(other / "episodes.parquet"))
    (other / "dataset-card.json").write_text(json.dumps(card), encoding="utf-8")
    again = tmp_path / "again"
    train(config_path=config_path, dataset_folder=other, run=again, progress=_quiet)
    assert (again / "model.txt").read_bytes() == (run / "model.txt").read_bytes()
    assert (again / "comparator.json").read_bytes() == (run / "comparator.json").read_bytes()


def test_a_table_whose_values_are_not_those_of_the_card_is_refused(tmp_path, dataset_folder):
    other = tmp_path / "other"
    shutil.copytree(dataset_folder, other)
    table = pq.read_table(other / "tabular.parquet")
    changed = table.set_column(1, table.column_names[1], pa.array(np.zeros(table.num_rows, np.float32)))
    pq.write_table(changed, other / "tabular.parquet")
    with pytest.raises(ValueError, match="does not hold the values"):
        load_dataset(other)


def test_labels_that_are_not_those_of_the_card_are_refused(tmp_path, dataset_folder):
    other = tmp_path / "other"
    shutil.copytree(dataset_folder, other)
    table = pq.read_table(other / "episodes.parquet")
    pq.write_table(table.set_column(3, "label_7d", pa.array([True] * table.num_rows)), other / "episodes.parquet")
    with pytest.raises(ValueError, match="does not hold the rows"):
        load_dataset(other)


def test_the_words_of_the_card_are_no_part_of_the_dataset_hash(tmp_path, dataset_folder):
    other = tmp_path / "other"
    shutil.copytree(dataset_folder, other)
    card = json.loads((other / "dataset-card.json").read_text(encoding="utf-8"))
    (other / "dataset-card.json").write_text(json.dumps(card | {"label": "in other words"}), encoding="utf-8")
    assert load_dataset(other).sha256 == load_dataset(dataset_folder).sha256


def test_every_number_has_its_interval_n_and_events(run):
    report = json.loads((run / "evaluation" / "report.json").read_text())
    for part in ("model", "comparator"):
        for name in ("auroc", "auprc", "brier", "calibrationIntercept", "calibrationSlope"):
            estimate = report[part][name]
            assert estimate["low"] <= estimate["value"] <= estimate["high"]
            assert estimate["n"] > estimate["events"] > 0
    assert report["model"]["auroc"]["value"] > 0.7
    day2 = report["sensitivityDay2AsEvent"]["auroc"]
    assert day2["n"] > report["model"]["auroc"]["n"]
    assert sum(tier["n"] for tier in report["tiers"]) == report["model"]["auroc"]["n"]


def test_manifest_lists_every_file_with_its_hash(bundle):
    manifest = json.loads((bundle / "manifest.json").read_text())
    found = {p.relative_to(bundle).as_posix() for p in bundle.rglob("*") if p.is_file()} - {"manifest.json"}
    assert set(manifest["files"]) == found
    for name, entry in manifest["files"].items():
        content = (bundle / name).read_bytes()
        assert entry == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    assert manifest["featureSpecSha256"] == manifest["files"]["feature-spec.json"]["sha256"]


def test_golden_rows_follow_from_the_trees_and_the_calibration(bundle):
    golden = json.loads((bundle / "golden.json").read_text())
    stack = json.loads((bundle / "stack.json").read_text())
    trees = [Tree.from_json(tree) for tree in json.loads((bundle / "gbm.json").read_text())["trees"]]
    rows = np.array(
        [[np.nan if cell is None else cell for cell in row["tabular"]] for row in golden["rows"]], dtype=np.float32
    )
    assert len(rows) >= 50
    assert np.isnan(rows[-1]).all()
    raw = raw_scores(trees, rows)
    for row, score in zip(golden["rows"], raw, strict=True):
        assert abs(row["logits"]["gbm"] - score) < 1e-12
        calibrated = stack["calibration"]["slope"] * score + stack["calibration"]["intercept"]
        assert abs(row["calibratedLogit"] - calibrated) < 1e-12
    session = onnxruntime.InferenceSession(str(bundle / "gbm.onnx"))
    assert np.abs(session.run(["logit"], {"tabular": rows})[0][:, 0] - raw).max() <= LOGIT_TOLERANCE


def test_no_golden_row_is_a_row_of_the_data(bundle, dataset_folder):
    golden = json.loads((bundle / "golden.json").read_text())
    seen = {
        rows.features[i].tobytes()
        for rows in load_dataset(dataset_folder).sets.values()
        for i in range(len(rows.label))
    }
    for row in golden["rows"]:
        cells = np.array([np.nan if cell is None else cell for cell in row["tabular"]], dtype=np.float32)
        assert cells.tobytes() not in seen


def test_a_bundle_is_never_overwritten(run, bundle, dataset_folder):
    with pytest.raises(FileExistsError):
        export_bundle(dataset_folder=dataset_folder, run=run, out=bundle)


def test_parity_rows_come_with_answers_and_agree(tmp_path, bundle):
    summary = parity(bundle=bundle, out=tmp_path / "parity", rows=2000, contribution_rows=100, seed=4)
    assert summary["python"]["leafMismatches"] == 0
    assert summary["python"]["maxOnnxDifference"] <= LOGIT_TOLERANCE
    rows = np.fromfile(tmp_path / "parity" / "rows.f32", dtype="<f4")
    assert rows.size == 2000 * summary["columns"]
    assert np.fromfile(tmp_path / "parity" / "contributions.f64").size == 100 * (summary["columns"] + 1)


def test_command_line_says_what_is_wrong(tmp_path, run, dataset_folder, capsys):
    assert main(["evaluate", "--dataset", str(dataset_folder), "--run", str(run)]) == 1
    assert "exists already" in capsys.readouterr().err
    assert main(["evaluate", "--dataset", str(tmp_path), "--run", str(run)]) == 1
    assert "not a finished dataset" in capsys.readouterr().err
