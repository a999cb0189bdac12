"""The tree learner of the ensemble: pooled over sources, or built on what another source taught, or of its own
alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import lightgbm as lgb
import numpy as np
import torch
from numpy.typing import NDArray

from hemolens_training.ensemble.config import EnsembleGbmConfig
from hemolens_training.ensemble.rows import Columns, EnsembleRows
from hemolens_training.fit_lightgbm import REQUIRED
from hemolens_training.metrics import Vector
from hemolens_training.splits import in_share, unit_hash
from hemolens_training.trees import FloatRows, Tree, raw_scores, trees_of

#: own: rows of the model's population alone; pooled: all sources, each with its own intercept; boosted: trees of the
#: pretraining source first, then trees of the population on top of their scores.
CANDIDATES = ("own", "pooled", "boosted")


@dataclass(frozen=True, kw_only=True)
class GbmRecipe:
    """What makes the trees, apart from the rows. ``trees``: rounds (boosted: rounds of the second step)."""

    candidate: str
    parameters: dict[str, Any]
    trees: int
    first_trees: int = 0


@dataclass(frozen=True, kw_only=True)
class GbmData:
    """Rows as LightGBM gets them."""

    features: FloatRows
    label: NDArray[np.int64]
    weight: Vector
    source: NDArray[np.str_]
    is_main: NDArray[np.bool_]


def gbm_view(features: FloatRows, columns: Columns, config: EnsembleGbmConfig) -> FloatRows:
    """What trees may look at: process columns coarsened or left out, so that charting habits tell no source apart.

    A coarsened column is min(value, 1): every threshold a tree finds lies below 1 and decides the raw value alike,
    so the service feeds raw values. A column left out is NaN throughout: no tree splits on it.
    """
    view = features.copy()
    for index, (statistic, concept) in enumerate(zip(columns.statistics, columns.concepts, strict=True)):
        if statistic in config.coarsened:
            view[:, index] = np.minimum(view[:, index], 1.0)
        elif statistic in config.left_out or concept in config.left_out_concepts:
            view[:, index] = np.nan
    return view


def gbm_data(rows: EnsembleRows, *, target: str, columns: Columns, config: EnsembleGbmConfig, salt: str) -> GbmData:
    """Rows with a known label, and copies of them that lose a source, or every column another source never has.

    So "could not be read" is a state the trees have met, and a column that only one source has is missing in rows of
    both.
    """
    known = rows.where(~np.isnan(rows.target(target)))
    view = gbm_view(known.features, columns, config)
    foreign = foreign_columns(known)
    pieces = [(view, np.arange(len(known)))]
    copied = np.flatnonzero(in_share(known.patient, share=config.source_dropout, salt=f"{salt}/dropout"))
    if copied.size:
        lost = view[copied]
        which = [int(unit_hash(str(p), salt=f"{salt}/source") * len(config.sources)) for p in known.patient[copied]]
        for index, source in enumerate(config.sources):
            at = np.flatnonzero(np.array(which) == index)
            lost[np.ix_(at, columns.of_source(source))] = np.nan
        pieces.append((lost, copied))
    for source, own in foreign.items():
        at = np.flatnonzero(known.source == source)
        if own.any() and at.size:
            lost = view[at]
            lost[:, own] = np.nan
            pieces.append((lost, at))
    at = np.concatenate([index for _, index in pieces])
    return GbmData(
        features=np.concatenate([piece for piece, _ in pieces]),
        label=known.target(target)[at].astype(np.int64),
        weight=known.weight[at],
        source=known.source[at],
        is_main=(known.role != "pretraining")[at],
    )


def foreign_columns(rows: EnsembleRows) -> dict[str, NDArray[np.bool_]]:
    """By source: columns it has and some other source of these rows never has."""
    sources = np.unique(rows.source)
    seen = {str(s): (~np.isnan(rows.features[rows.source == s])).any(axis=0) for s in sources}
    return {s: own & ~np.logical_and.reduce([seen[o] for o in seen]) for s, own in seen.items()}


def fit_gbm(data: GbmData, recipe: GbmRecipe, config: EnsembleGbmConfig, *, seed: int) -> list[Tree]:
    """The trees of all members, leaf values divided by their number, the population's base log-odds in the first
    tree."""
    out: list[Tree] = []
    for member in range(config.members):
        own = fit_member(data, recipe, seed=seed + member)
        out.extend(replace(tree, leaf_value=[v / config.members for v in tree.leaf_value]) for tree in own)
    return out


def fit_member(data: GbmData, recipe: GbmRecipe, *, seed: int) -> list[Tree]:
    """One member's trees: their sum is the log-odds in the model's population."""
    if recipe.candidate == "boosted":
        first = fit_first(data, recipe, seed=seed)
        second, offset = _boost(data, recipe, init=raw_scores(first, data.features), rounds=recipe.trees, seed=seed)
        return _with_offset([*first, *second], offset)
    trees, offset = _boost(data, recipe, init=np.zeros(len(data.label)), rounds=recipe.trees, seed=seed)
    return _with_offset(trees, offset)


def fit_first(data: GbmData, recipe: GbmRecipe, *, seed: int) -> list[Tree]:
    """Trees of the pretraining rows alone, for ``boosted``."""
    other = ~data.is_main
    if not other.any():
        raise ValueError("candidate boosted needs a pretraining part")
    only = GbmData(
        features=data.features[other],
        label=data.label[other],
        weight=data.weight[other],
        source=data.source[other],
        is_main=np.ones(int(other.sum()), dtype=bool),
    )
    trees, offset = _boost(only, recipe, init=np.zeros(int(other.sum())), rounds=recipe.first_trees, seed=seed)
    return _with_offset(trees, offset)


def used_rows(data: GbmData, candidate: str) -> NDArray[np.bool_]:
    """Rows the last step learns from."""
    return np.ones(len(data.label), dtype=bool) if candidate == "pooled" else data.is_main


def base_offsets(data: GbmData, init: Vector, used: NDArray[np.bool_]) -> tuple[Vector, float]:
    """Start of every row (``init`` + its source's intercept), and the intercept of the model's population."""
    start = init.copy()
    main = 0.0
    for source in np.unique(data.source[used]):
        own = used & (data.source == source)
        shift = _intercept(data.label[own], init[own], data.weight[own])
        start[own] += shift
        if data.is_main[own].any():
            main = shift
    return start, main


def _intercept(label: NDArray[np.int64], logit: Vector, weight: Vector) -> float:
    if not 0 < label.sum() < len(label):
        raise ValueError(f"{len(label)} rows, {int(label.sum())} events: both classes are needed")
    shift = 0.0
    for _ in range(100):
        p = 1 / (1 + np.exp(-(logit + shift)))
        step = float(np.sum(weight * (p - label)) / np.sum(weight * p * (1 - p)))
        shift -= float(np.clip(step, -2, 2))
        if abs(step) < 1e-12:
            break
    return shift


def _boost(data: GbmData, recipe: GbmRecipe, *, init: Vector, rounds: int, seed: int) -> tuple[list[Tree], float]:
    used = used_rows(data, recipe.candidate)
    start, offset = base_offsets(data, init, used)
    booster = lgb.train(
        {**recipe.parameters, **REQUIRED, "num_threads": torch.get_num_threads(), "seed": seed},
        lgb.Dataset(data.features[used], label=data.label[used], weight=data.weight[used], init_score=start[used]),
        num_boost_round=rounds,
    )
    return trees_of(booster), offset


def _with_offset(trees: list[Tree], offset: float) -> list[Tree]:
    first, *rest = trees
    return [replace(first, leaf_value=[value + offset for value in first.leaf_value]), *rest]


@dataclass(frozen=True, kw_only=True)
class GbmChoice:
    """The recipe chosen, and how every candidate did on rows it had not seen."""

    recipe: GbmRecipe
    tried: list[dict[str, Any]]


def choose_recipe(
    rows: EnsembleRows,
    fold: NDArray[np.int64],
    *,
    target: str,
    columns: Columns,
    config: EnsembleGbmConfig,
    salt: str,
    seed: int,
    progress: Callable[[str], None],
) -> GbmChoice:
    """Lowest out-of-fold log-loss on *landmark* rows of the population (all of its rows where it has no landmarks).

    Transfused rows choose nothing. The number of trees is the one at which the mean over the folds is lowest.
    ``fold`` is -1 for rows of pretraining parts: they are always learned from and never judged.
    """
    judged = (fold >= 0) & (rows.role == "landmark") & ~np.isnan(rows.target(target))
    if not judged.any():
        judged = (fold >= 0) & ~np.isnan(rows.target(target))
    first_trees = 0
    tried: list[dict[str, Any]] = []
    best: tuple[float, GbmRecipe] | None = None
    has_pretraining = bool((rows.role == "pretraining").any())
    for candidate in config.candidates:
        if candidate not in CANDIDATES:
            raise ValueError(f"gbm candidate {candidate} is none of {', '.join(CANDIDATES)}")
        if candidate != "own" and not has_pretraining:
            continue
        for parameters in config.parameters:
            if candidate == "boosted":
                first_trees = _rounds_of_first(rows, parameters, target, columns, config, salt, seed)
            curves = []
            for k in range(int(fold.max()) + 1):
                held = np.flatnonzero(judged & (fold == k)).astype(np.int64)
                data = gbm_data(rows.where(fold != k), target=target, columns=columns, config=config, salt=salt)
                recipe = GbmRecipe(
                    candidate=candidate, parameters=parameters, trees=config.max_trees, first_trees=first_trees
                )
                curves.append(_held_out_curve(data, rows.take(held), recipe, target, columns, config, seed))
            mean = np.average(np.array([c for c, _ in curves]), axis=0, weights=[w for _, w in curves])
            at = int(np.argmin(mean))
            loss = float(mean[at])
            tried.append(
                {
                    "candidate": candidate,
                    "parameters": parameters,
                    "trees": at + 1,
                    "firstTrees": first_trees,
                    "logLoss": loss,
                }
            )
            progress(f"gbm {candidate} {parameters}: log-loss {loss:.5f} at {at + 1} trees")
            recipe = GbmRecipe(candidate=candidate, parameters=parameters, trees=at + 1, first_trees=first_trees)
            if best is None or loss < best[0]:
                best = (loss, recipe)
    if best is None:
        raise ValueError("no gbm candidate can be fitted from these parts")
    return GbmChoice(recipe=best[1], tried=tried)


def _held_out_curve(
    data: GbmData,
    held: EnsembleRows,
    recipe: GbmRecipe,
    target: str,
    columns: Columns,
    config: EnsembleGbmConfig,
    seed: int,
) -> tuple[Vector, float]:
    view = gbm_view(held.features, columns, config)
    init, held_init = np.zeros(len(data.label)), np.zeros(len(held))
    if recipe.candidate == "boosted":
        first = fit_first(data, recipe, seed=seed)
        init, held_init = raw_scores(first, data.features), raw_scores(first, view)
    used = used_rows(data, recipe.candidate)
    start, offset = base_offsets(data, init, used)
    train = lgb.Dataset(data.features[used], label=data.label[used], weight=data.weight[used], init_score=start[used])
    watched = lgb.Dataset(
        view,
        label=held.target(target).astype(np.int64),
        weight=held.weight,
        init_score=held_init + offset,
        reference=train,
    )
    seen: dict[str, Any] = {}
    lgb.train(
        {
            **recipe.parameters,
            **REQUIRED,
            "num_threads": torch.get_num_threads(),
            "seed": seed,
            "metric": "binary_logloss",
        },
        train,
        num_boost_round=recipe.trees,
        valid_sets=[watched],
        callbacks=[lgb.record_evaluation(seen)],
    )
    return np.array(seen["valid_0"]["binary_logloss"]), float(held.weight.sum())


def _rounds_of_first(
    rows: EnsembleRows,
    parameters: dict[str, Any],
    target: str,
    columns: Columns,
    config: EnsembleGbmConfig,
    salt: str,
    seed: int,
) -> int:
    other = rows.where(rows.role == "pretraining")
    stops = in_share(other.patient, share=0.2, salt=f"{salt}/first")
    relabelled = replace(other, role=np.full(len(other), "landmark"))
    data = gbm_data(relabelled.where(~stops), target=target, columns=columns, config=config, salt=salt)
    held = relabelled.where(stops & ~np.isnan(relabelled.target(target)))
    recipe = GbmRecipe(candidate="own", parameters=parameters, trees=config.max_trees)
    curve, _ = _held_out_curve(data, held, recipe, target, columns, config, seed)
    return int(np.argmin(curve)) + 1
