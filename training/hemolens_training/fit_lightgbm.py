"""LightGBM with plain log-loss: search inside the training set, out-of-fold logits, refit."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from hemolens_training.config import TrainingConfig
from hemolens_training.dataset import Dataset, Rows, mask_source
from hemolens_training.metrics import Vector, auroc, log_loss
from hemolens_training.splits import assign_folds, in_share, unit_hash

Progress = Callable[[str], None]

#: What the exporter and the service rely on; a configuration cannot change it.
REQUIRED: dict[str, Any] = {
    "objective": "binary",
    "zero_as_missing": False,
    "use_missing": True,
    "is_unbalance": False,
    "scale_pos_weight": 1.0,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that makes a booster from rows, apart from the rows."""

    parameters: dict[str, Any]
    trees: int


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One point of the grid and how it did on rows it had not seen."""

    parameters: dict[str, Any]
    trees: list[int]
    log_loss: float
    auroc: float

    def to_json(self) -> dict[str, Any]:
        """For ``tuning.json``."""
        return {**self.__dict__}


def search_recipe(
    rows: Rows, *, dataset: Dataset, config: TrainingConfig, progress: Progress
) -> tuple[Recipe, list[Candidate]]:
    """The grid point with the lowest out-of-fold log-loss, trained for the mean number of trees its folds stopped at.

    Every fold trains on the other folds and stops early on a share of *their* patients, so the fold it is judged on
    chooses nothing but the grid point.
    """
    folds = assign_folds(rows.patient, folds=config.split.folds, salt=config.split.salt)
    candidates = []
    for parameters in grid_points(config.lightgbm.grid):
        logit = np.full(len(rows.label), np.nan)
        trees = []
        for fold in range(config.split.folds):
            inner, held = rows.take(np.flatnonzero(folds != fold)), np.flatnonzero(folds == fold)
            booster = _train_with_early_stopping(inner, parameters, dataset=dataset, config=config, fold=fold)
            trees.append(int(booster.best_iteration))
            logit[held] = booster.predict(rows.features[held], raw_score=True)
        candidate = Candidate(
            parameters=parameters, trees=trees, log_loss=log_loss(rows.label, logit), auroc=auroc(rows.label, logit)
        )
        candidates.append(candidate)
        progress(f"{parameters}: log-loss {candidate.log_loss:.5f}, AUROC {candidate.auroc:.4f}, trees {trees}")
    best = min(candidates, key=lambda candidate: candidate.log_loss)
    # The refit sees 1 / (1 - early stopping share) times the rows that chose this number.
    grown = float(np.mean(best.trees)) / (1.0 - config.split.early_stopping_share)
    trees_in_refit = max(1, min(config.lightgbm.max_trees, round(grown)))
    return Recipe(parameters=best.parameters, trees=trees_in_refit), candidates


def out_of_fold_logits(rows: Rows, recipe: Recipe, *, dataset: Dataset, config: TrainingConfig) -> Vector:
    """Raw log-odds of every training row from a booster of the same recipe that has not seen its patient."""
    folds = assign_folds(rows.patient, folds=config.split.folds, salt=f"{config.split.salt}/out-of-fold")
    logit = np.full(len(rows.label), np.nan)
    for fold in range(config.split.folds):
        held = np.flatnonzero(folds == fold)
        booster = fit_recipe(rows.take(np.flatnonzero(folds != fold)), recipe, dataset=dataset, config=config)
        logit[held] = booster.predict(rows.features[held], raw_score=True)
    return logit


def fit_recipe(rows: Rows, recipe: Recipe, *, dataset: Dataset, config: TrainingConfig) -> lgb.Booster:
    """A booster of a fixed number of trees."""
    data = _lgb_dataset(with_source_dropout(rows, dataset=dataset, config=config), dataset)
    return lgb.train(_parameters(recipe.parameters, config), data, num_boost_round=recipe.trees)


def grid_points(grid: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """Every combination, in the order of the file.

    >>> grid_points({"a": [1, 2], "b": [3]})
    [{'a': 1, 'b': 3}, {'a': 2, 'b': 3}]
    """
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def with_source_dropout(rows: Rows, *, dataset: Dataset, config: TrainingConfig) -> Rows:
    """The rows, and a share of them once more with one source masked.

    So "this source could not be read" is a state the trees have met, apart from "looked for and absent".
    """
    dropout = config.source_dropout
    if dropout.share == 0:
        return rows
    copied = np.flatnonzero(in_share(rows.patient, share=dropout.share, salt=f"{config.split.salt}/dropout"))
    if not copied.size:
        return rows
    copies = rows.take(copied)
    which = np.array(
        [int(unit_hash(p, salt=f"{config.split.salt}/source") * len(dropout.sources)) for p in copies.patient]
    )
    features = copies.features.copy()
    for index, source in enumerate(dropout.sources):
        at = np.flatnonzero(which == index)
        features[at] = mask_source(features[at], dataset.columns_of(source))
    return Rows(
        patient=np.concatenate([rows.patient, copies.patient]),
        features=np.concatenate([rows.features, features]),
        label=np.concatenate([rows.label, copies.label]),
        day2=np.concatenate([rows.day2, copies.day2]),
    )


def _train_with_early_stopping(
    rows: Rows, parameters: dict[str, Any], *, dataset: Dataset, config: TrainingConfig, fold: int
) -> lgb.Booster:
    salt = f"{config.split.salt}/early-stopping/{fold}"
    stops = in_share(rows.patient, share=config.split.early_stopping_share, salt=salt)
    fitted = with_source_dropout(rows.take(_where(~stops)), dataset=dataset, config=config)
    train = _lgb_dataset(fitted, dataset)
    watched = _lgb_dataset(rows.take(_where(stops)), dataset, reference=train)
    return lgb.train(
        _parameters(parameters, config),
        train,
        num_boost_round=config.lightgbm.max_trees,
        valid_sets=[watched],
        callbacks=[lgb.early_stopping(config.lightgbm.early_stopping_rounds, verbose=False)],
    )


def _where(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.flatnonzero(mask).astype(np.int64)


def _parameters(parameters: dict[str, Any], config: TrainingConfig) -> dict[str, Any]:
    own = {**config.lightgbm.fixed, **parameters}
    clash = sorted(set(own) & set(REQUIRED))
    if clash:
        raise ValueError(f"config: lightgbm.{clash[0]} is not for choosing")
    return {"metric": "binary_logloss", "num_threads": 2, **own, **REQUIRED, "seed": config.seed}


def _lgb_dataset(rows: Rows, dataset: Dataset, *, reference: lgb.Dataset | None = None) -> lgb.Dataset:
    return lgb.Dataset(
        rows.features,
        label=rows.label,
        feature_name=dataset.feature_names,
        categorical_feature=[],
        reference=reference,
        free_raw_data=True,
    )
