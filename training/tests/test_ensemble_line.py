"""The whole line of an ensemble: a checkpoint becomes a note encoder, made-up notes are embedded, train, evaluate,
export, verified and served by the service."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from random_checkpoints import bert
from tiny_datasets import ROOT, write_dataset

from hemolens_training.__main__ import main
from hemolens_training.ensemble.config import load_ensemble_config
from hemolens_training.ensemble.data import load_parts
from hemolens_training.ensemble.export import run_graph
from hemolens_training.ensemble.folds import load_refit
from hemolens_training.ensemble.learners import LEARNERS
from hemolens_training.ensemble.predict import bundle_logits
from hemolens_training.networks.tensors import INPUT_NAMES

CLI = ROOT / "dist" / "cli.js"
ENCODER = "tiny-bert"
GRAPH_TOLERANCE = 1e-4

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not CLI.exists() or not (ROOT / "node_modules").exists(),
    reason="needs the command line: npm ci && npm run build",
)


def small(text: str) -> str:
    """A configuration of a few seconds: the same stages, little of each."""
    for old, new in (
        ('encoder = "minilm-l6-int8"', f'encoder = "{ENCODER}"'),
        ("members = 2", "members = 1"),
        ("max_trees = 300", "max_trees = 25"),
        ("min_data_in_leaf = 60", "min_data_in_leaf = 10"),
        ("dimension = 32", "dimension = 16"),
        ("epochs = 12", "epochs = 2"),
        ("epochs = 10", "epochs = 3"),
        ("folds = 5", "folds = 2"),
        ("resamples = 1000", "resamples = 20"),
        ("repetitions = 10", "repetitions = 1"),
        ("learning_rate = 0.05", "learning_rate = 0.1"),
        # The service compares as many cases as the bar names: torch against onnxruntime-node, through every stage.
        ("golden_rows = 48", "golden_rows = 1000"),
    ):
        assert old in text, old
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module")
def line(tmp_path_factory) -> dict[str, Path]:
    """Everything the line made, by name."""
    root = tmp_path_factory.mktemp("ensemble")
    datasets = root / "datasets"
    write_dataset(
        datasets / "challenge-2012-index-landmark",
        source="challenge-2012",
        patients=240,
        seed=1,
        with_notes=False,
        lost=("bun",),
    )
    write_dataset(datasets / "eicu-index-landmark", source="eicu", patients=160, seed=2, landmarks=2, lost=("wbc",))
    write_dataset(
        datasets / "eicu-index-admin-start", source="eicu", patients=90, seed=3, is_transfusion=True, lost=("wbc",)
    )
    config = root / "tiny.toml"
    config.write_text(small((ROOT / "training" / "configs" / "transfusion-open.toml").read_text()), encoding="utf-8")
    models = root / "models"
    encoder = models / "encoders" / ENCODER
    checkpoint = bert(root / "checkpoint")
    assert main(["export-note-encoder", "--from", str(checkpoint), "--out", str(encoder)]) == 0
    for name in ("eicu-index-landmark", "eicu-index-admin-start"):
        _node("cohort", "embed", "--dataset", str(datasets / name), "--encoder", str(encoder))
    run, bundle = root / "run", models / "transfusion-tiny"
    arguments = ["--config", str(config), "--datasets", str(datasets), "--run", str(run), "--out", str(bundle)]
    assert main(["all", *arguments]) == 0
    return {"root": root, "datasets": datasets, "config": config, "run": run, "bundle": bundle}


def _node(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(["node", str(CLI), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


def test_the_service_verifies_the_bundle_through_every_stage(line):
    found = json.loads(_node("model", "verify", str(line["bundle"]), "--json").stdout)
    assert found["verified"] is True
    manifest = json.loads((line["bundle"] / "manifest.json").read_text())
    assert [learner["id"] for learner in manifest["baseLearners"]] == list(LEARNERS)
    assert manifest["noteEncoder"]["id"] == ENCODER
    assert manifest["training"]["foldsSha256"]


def test_an_encoder_that_is_not_the_one_trained_with_is_refused(line, tmp_path):
    models = tmp_path / "models"
    shutil.copytree(line["root"] / "models", models)
    about = models / "encoders" / ENCODER / "encoder.json"
    about.write_text(about.read_text() + "\n")
    done = subprocess.run(
        ["node", str(CLI), "model", "verify", str(models / line["bundle"].name)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "sha256" in done.stderr and "encoder" in done.stderr


def test_the_graphs_answer_as_the_networks_did_with_gaps_of_every_kind(line):
    config = load_ensemble_config(line["run"] / "config.toml")
    data = load_parts(config, line["datasets"], held_out=False)
    assert data is not None
    fitted = load_refit(line["run"], data, config)
    rows = data.rows.take(np.arange(0, len(data.rows), 3))
    rows.features[::7] = np.nan
    assert ((rows.concept_ids > 0).sum(axis=1) == 0).any() and (~rows.has_notes).any()
    logits = fitted.logits(rows, data, config)
    fusion = run_graph(line["bundle"] / "fusion.onnx", rows, INPUT_NAMES)
    assert np.abs(fusion[0][:, 0] - logits["fusion"]).max() <= GRAPH_TOLERANCE
    assert np.allclose(fusion[1].sum(axis=1), 1, atol=1e-5)
    assert (fusion[1][~rows.has_notes, 2] == 0).all()
    series = run_graph(line["bundle"] / "series.onnx", rows, INPUT_NAMES[:5])
    assert np.abs(series[0][:, 0] - logits["series"]).max() <= GRAPH_TOLERANCE


def test_learners_find_the_planted_signal(line):
    report = json.loads((line["run"] / "evaluation" / "report.json").read_text())
    own = report["outOfFold"]["landmarks"]["scores"]
    assert own["gbm"]["auroc"]["value"] > 0.6
    assert own["stack"]["auroc"]["value"] > 0.6
    assert report["checks"]["overfit64"]["fusion"] < 0.05
    assert len(report["repetitions"]["each"]) == 1


def test_an_interrupted_run_goes_on_and_ends_the_same(line, tmp_path):
    again = tmp_path / "again"
    shutil.copytree(line["run"], again)
    for name in ("DONE", "stack.json", "seconds.json"):
        (again / name).unlink()
    (again / "out-of-fold" / "fold-1.npz").unlink()
    shutil.rmtree(again / "repetitions")
    shutil.rmtree(again / "refit")
    shutil.rmtree(again / "evaluation")
    arguments = ["--config", str(line["config"]), "--datasets", str(line["datasets"]), "--run", str(again)]
    assert main(["train", *arguments]) == 0
    assert (again / "refit" / "trees.json").read_bytes() == (line["run"] / "refit" / "trees.json").read_bytes()
    before, after = (json.loads((r / "stack.json").read_text()) for r in (line["run"], again))
    assert after["patterns"] == before["patterns"]


def test_a_finished_run_is_never_overwritten(line, capsys):
    arguments = ["--config", str(line["config"]), "--datasets", str(line["datasets"]), "--run", str(line["run"])]
    assert main(["train", *arguments]) == 1
    assert "nothing is overwritten" in capsys.readouterr().err


def test_outcomes_of_a_source_that_is_not_allowed_are_refused(line, tmp_path, capsys):
    datasets = tmp_path / "datasets"
    shutil.copytree(line["datasets"], datasets)
    shutil.rmtree(datasets / "eicu-index-admin-start")
    write_dataset(datasets / "eicu-index-admin-start", source="mimic-iv", patients=40, seed=5, is_transfusion=True)
    arguments = ["--config", str(line["config"]), "--datasets", str(datasets), "--run", str(tmp_path / "run")]
    assert main(["train", *arguments]) == 1
    assert "may not learn from mimic-iv" in capsys.readouterr().err


def test_a_fold_without_events_is_refused(line, tmp_path, capsys):
    config = tmp_path / "many.toml"
    config.write_text(line["config"].read_text().replace("folds = 2", "folds = 90"), encoding="utf-8")
    arguments = ["--config", str(config), "--datasets", str(line["datasets"]), "--run", str(tmp_path / "run")]
    assert main(["train", *arguments]) == 1
    assert "both classes are needed" in capsys.readouterr().err


def test_another_feature_spec_is_refused(line, tmp_path, capsys):
    datasets = tmp_path / "datasets"
    shutil.copytree(line["datasets"], datasets)
    spec = datasets / "eicu-index-landmark" / "feature-spec.json"
    spec.write_text(spec.read_text() + "\n")
    arguments = ["--config", str(line["config"]), "--datasets", str(datasets), "--run", str(tmp_path / "run")]
    assert main(["train", *arguments]) == 1
    assert "feature spec differs" in capsys.readouterr().err


def test_note_vectors_of_other_notes_are_refused(line, tmp_path, capsys):
    datasets = tmp_path / "datasets"
    shutil.copytree(line["datasets"], datasets)
    about = datasets / "eicu-index-landmark" / "embeddings" / ENCODER / "note-vectors.json"
    content = json.loads(about.read_text())
    content["encoder"]["sha256"] = "0" * 64
    about.write_text(json.dumps(content))
    arguments = ["--config", str(line["config"]), "--datasets", str(datasets), "--run", str(tmp_path / "run")]
    assert main(["train", *arguments]) == 1
    assert "different encoders" in capsys.readouterr().err


def test_predictions_of_records_alone_are_those_of_the_bundle(line, tmp_path):
    records = tmp_path / "records"
    records.mkdir()
    for number, lactate in ((100001, 2.0), (100002, 9.0)):
        lines = [
            "Time,Parameter,Value",
            f"00:00,RecordID,{number}",
            "00:00,Age,70",
            "00:00,Gender,1",
            "00:00,Weight,80",
        ]
        lines += [f"{hour:02d}:00,HR,{80 + hour % 3}" for hour in range(1, 48)]
        lines += [f"{hour}:30,Lactate,{lactate}" for hour in (20, 30, 40, 47)]
        (records / f"{number}.txt").write_text("\n".join(lines) + "\n")
    out = tmp_path / "predictions.csv"
    arguments = [
        "--bundle",
        str(line["bundle"]),
        "--source",
        "challenge-2012",
        "--path",
        str(records),
        "--out",
        str(out),
    ]
    assert main(["predict", *arguments]) == 0
    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["record_id"] for row in rows] == ["100001", "100002"]
    for row in rows:
        assert abs(1 / (1 + np.exp(-float(row["logit"]))) - float(row["probability"])) < 1e-12
    assert rows[0]["logit"] != rows[1]["logit"]
    assert main(["predict", *arguments]) == 1


def test_the_bundles_logits_are_those_of_the_run(line):
    config = load_ensemble_config(line["run"] / "config.toml")
    data = load_parts(config, line["datasets"], held_out=False)
    assert data is not None
    golden = json.loads((line["bundle"] / "golden.json").read_text())
    assert any("series" not in row for row in golden["rows"]) and any("noteVector" in row for row in golden["rows"])
    assert np.isfinite(bundle_logits(line["bundle"], data.rows.take(np.arange(12)))).all()
