"""``train``: search, out-of-fold calibration, refit, comparator; everything from the training set alone."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np

from hemolens_training.comparator import Comparator, Standardiser, fit_comparator
from hemolens_training.config import load_config
from hemolens_training.dataset import load_dataset
from hemolens_training.fit_lightgbm import Progress, fit_recipe, out_of_fold_logits, search_recipe
from hemolens_training.metrics import auroc, brier, fit_affine, log_loss
from hemolens_training.run_folder import create_folder, finish, provenance, read_json, write_json


def train(*, config_path: Path, dataset_folder: Path, run: Path, progress: Progress) -> None:
    """Writes ``run``: config.toml, run.json, tuning.json, calibration.json, comparator.json, model.txt, DONE."""
    config = load_config(config_path)
    dataset = load_dataset(dataset_folder)
    create_folder(run)
    shutil.copyfile(config_path, run / "config.toml")
    write_json(run / "run.json", provenance(seed=config.seed, dataset_sha256=dataset.sha256))

    rows = dataset.sets[config.data.train_set].certain()
    progress(f"{len(rows.label)} training rows, {int(rows.label.sum())} events, {rows.features.shape[1]} columns")
    recipe, candidates = search_recipe(rows, dataset=dataset, config=config, progress=progress)
    write_json(
        run / "tuning.json",
        {"chosen": asdict(recipe), "candidates": [candidate.to_json() for candidate in candidates]},
    )
    progress(f"chosen: {recipe.parameters}, {recipe.trees} trees")

    logit = out_of_fold_logits(rows, recipe, dataset=dataset, config=config)
    slope, intercept = fit_affine(rows.label, logit)
    if slope <= 0:
        raise ValueError(f"calibration slope {slope}: the scores do not rank")
    out_of_fold = {
        "auroc": auroc(rows.label, logit),
        "logLoss": log_loss(rows.label, slope * logit + intercept),
        "brier": brier(rows.label, slope * logit + intercept),
        "rows": len(rows.label),
        "events": int(rows.label.sum()),
    }
    write_json(run / "calibration.json", {"slope": slope, "intercept": intercept, "outOfFold": out_of_fold})
    progress(f"calibration on out-of-fold logits: slope {slope:.4f}, intercept {intercept:.4f}")

    booster = fit_recipe(rows, recipe, dataset=dataset, config=config)
    (run / "model.txt").write_text(booster.model_to_string(), encoding="utf-8")
    comparator = fit_comparator(
        rows,
        inverse_penalties=config.comparator.inverse_penalties,
        folds=config.split.folds,
        salt=f"{config.split.salt}/comparator",
    )
    write_comparator(run / "comparator.json", comparator)
    progress(f"comparator: inverse penalty {comparator.inverse_penalty}")
    finish(run)


def write_comparator(path: Path, comparator: Comparator) -> None:
    """The fitted logistic regression as JSON."""
    standardiser = comparator.standardiser
    write_json(
        path,
        {
            "inversePenalty": comparator.inverse_penalty,
            "intercept": comparator.intercept,
            "coefficients": comparator.coefficients.tolist(),
            "median": standardiser.median.tolist(),
            "mean": standardiser.mean.tolist(),
            "scale": standardiser.scale.tolist(),
            "indicated": standardiser.indicated.tolist(),
        },
        indent=None,
    )


def read_comparator(path: Path) -> Comparator:
    """What :func:`write_comparator` wrote."""
    content = read_json(path)
    return Comparator(
        standardiser=Standardiser(
            median=np.array(content["median"]),
            mean=np.array(content["mean"]),
            scale=np.array(content["scale"]),
            indicated=np.array(content["indicated"], dtype=np.int64),
        ),
        coefficients=np.array(content["coefficients"]),
        intercept=float(content["intercept"]),
        inverse_penalty=float(content["inversePenalty"]),
    )
