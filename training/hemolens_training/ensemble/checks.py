"""Checks that a number cannot pass by luck: what the learners must not know, and what they must be able to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import torch
from numpy.typing import NDArray

from hemolens_training.ensemble.config import EnsembleConfig
from hemolens_training.ensemble.gbm import GbmRecipe, foreign_columns, gbm_view
from hemolens_training.ensemble.learners import (
    FittedLearners,
    Progress,
    base_rates,
    fit_learners,
    new_network,
    pretrain_networks,
)
from hemolens_training.ensemble.rows import EnsembleData, EnsembleRows
from hemolens_training.fit_lightgbm import REQUIRED
from hemolens_training.metrics import Vector, auroc, auroc_within, log_loss
from hemolens_training.networks.fit_network import FitConfig, FitRows, fit_network, network_logits
from hemolens_training.run_folder import read_json, write_json
from hemolens_training.splits import assign_folds
from hemolens_training.trees import FloatRows


def data_checks(
    rows: EnsembleRows,
    judged: EnsembleRows,
    label: Vector,
    fitted: FittedLearners,
    data: EnsembleData,
    config: EnsembleConfig,
    *,
    progress: Progress,
) -> dict[str, Any]:
    """What the sources give away, what a missing column moves, and whether tokens and notes carry the signal."""
    landmark = judged.where((judged.role == "landmark") & ~np.isnan(label))
    out: dict[str, Any] = {
        "exchanged": _exchanged(landmark, fitted, data, config),
        "overfit64": overfit(landmark, data, config),
    }
    if len(np.unique(rows.source)) > 1:
        progress("source classifier")
        out["sourceClassifier"] = _source_classifier(rows, data, config)
        out["maskedToOtherSource"] = _masked_to_other_source(rows, landmark, fitted, data, config)
    return out


def _source_classifier(rows: EnsembleRows, data: EnsembleData, config: EnsembleConfig) -> dict[str, float]:
    """AUROC with which trees tell the two largest sources apart, by what they are given to look at."""
    at = rows.role != "transfusion"
    own = rows.where(at)
    label = (own.source == np.unique(own.source)[0]).astype(np.int64)
    shared = np.logical_and.reduce(
        [(~np.isnan(own.features[own.source == s])).any(axis=0) for s in np.unique(own.source)]
    )
    views: dict[str, FloatRows] = {
        "allColumns": own.features,
        "columnsBothHave": own.features[:, shared],
        "asTheTreesSeeThem": gbm_view(own.features, data.columns, config.gbm)[:, shared],
    }
    fold = assign_folds(own.patient, folds=2, salt=f"{config.split.salt}/source-classifier")
    out = {}
    for name, view in views.items():
        score = np.full(len(label), np.nan)
        for k in (0, 1):
            booster = lgb.train(
                {
                    **REQUIRED,
                    "num_leaves": 15,
                    "learning_rate": 0.1,
                    "feature_fraction": 0.3,
                    "num_threads": 2,
                    "seed": 1,
                },
                lgb.Dataset(view[fold != k], label=label[fold != k]),
                num_boost_round=60,
            )
            score[fold == k] = booster.predict(view[fold == k], raw_score=True)
        out[name] = round(auroc(label, score), 4)
    return out


def _masked_to_other_source(
    rows: EnsembleRows, landmark: EnsembleRows, fitted: FittedLearners, data: EnsembleData, config: EnsembleConfig
) -> dict[str, Any]:
    """How far the mean log-odds move when the population's rows lose what the other source never has."""
    foreign = foreign_columns(rows)[str(landmark.source[0])]
    other = rows.where(rows.source != landmark.source[0])
    known = np.zeros(len(data.series.concepts) + 1, dtype=bool)
    known[np.unique(other.concept_ids)] = True
    features = landmark.features.copy()
    features[:, foreign] = np.nan
    masked = without_tokens(replace(landmark, features=features), ~known[landmark.concept_ids])
    before, after = fitted.logits(landmark, data, config), fitted.logits(masked, data, config)
    names = [name for name in ("gbm", "series", "fusion") if name in before]
    return {
        "columnsLost": int(foreign.sum()),
        "meanShift": {name: round(float(np.mean(after[name] - before[name])), 4) for name in names},
    }


def without_tokens(rows: EnsembleRows, lost: NDArray[np.bool_]) -> EnsembleRows:
    """The rows without the tokens at which ``lost`` [N, tokens] holds; the others move up, in order."""
    ids = np.where(lost, 0, rows.concept_ids)
    order = np.argsort(ids == 0, axis=1, kind="stable")
    keep = np.take_along_axis(ids, order, axis=1)
    there = keep > 0
    return replace(
        rows,
        concept_ids=keep,
        hours_before=np.where(there, np.take_along_axis(rows.hours_before, order, axis=1), 0).astype(np.float32),
        values=np.where(there, np.take_along_axis(rows.values, order, axis=1), 0).astype(np.float32),
    )


def _exchanged(
    rows: EnsembleRows, fitted: FittedLearners, data: EnsembleData, config: EnsembleConfig
) -> dict[str, Any]:
    """AUROC of the shipped series and text learners on their own training rows, and with another patient's input."""
    label = rows.target(config.target).astype(np.int64)
    rng = np.random.default_rng(config.seed)
    other = rng.permutation(len(rows))
    swapped = replace(
        rows,
        features=rows.features[other],
        concept_ids=rows.concept_ids[other],
        hours_before=rows.hours_before[other],
        values=rows.values[other],
        note_vector=rows.note_vector[other],
        has_notes=rows.has_notes[other],
    )
    before, after = fitted.logits(rows, data, config), fitted.logits(swapped, data, config)
    out = {
        "series": {
            "own": round(auroc(label, before["series"]), 4),
            "exchanged": round(auroc(label, after["series"]), 4),
        }
    }
    if "text" in before:
        at = rows.has_notes & swapped.has_notes
        out["text"] = {
            "own": round(auroc(label[at], before["text"][at]), 4),
            "exchanged": round(auroc(label[at], after["text"][at]), 4),
        }
    return out


def overfit(rows: EnsembleRows, data: EnsembleData, config: EnsembleConfig, *, epochs: int = 60) -> dict[str, float]:
    """Log-loss of each head on 64 rows it was shown again and again without any dropout: a network that cannot is
    broken."""
    label = rows.target(config.target)
    events, others = np.flatnonzero(label == 1)[:32], np.flatnonzero(label == 0)[:32]
    at = np.sort(np.concatenate([events, others]))
    few = rows.take(at.astype(np.int64))
    if config.notes is not None and rows.has_notes.any():
        noted = rows.where(rows.has_notes)
        y = noted.target(config.target)
        at = np.sort(np.concatenate([np.flatnonzero(y == 1)[:32], np.flatnonzero(y == 0)[:32]]))
        few = noted.take(at.astype(np.int64))
    encoder = replace(config.network.encoder, dropout=0.0, column_dropout=0.0)
    plain = replace(config, network=replace(config.network, encoder=encoder))
    network = new_network(data, plain, seed=config.seed)
    tensors = few.tensors()
    network.columns.fit(np.repeat(few.features, 2, axis=0))
    network.values.fit(np.repeat(few.concept_ids, 2, axis=0), np.repeat(few.values, 2, axis=0))
    network.set_base_rates(torch.from_numpy(base_rates(few)))
    fit = FitConfig(
        epochs=epochs,
        batch_size=16,
        learning_rate=1e-2,
        weight_decay=0.0,
        head_weights={"fusion": 1.0, "series": 1.0, "tabular": 1.0, "notes": 1.0 if few.has_notes.any() else 0.0},
        target_weights=[1.0, *[0.0] * (len(config.data.targets) - 1)],
    )
    ones = np.ones(len(few))
    group = np.array([str(i) for i in range(len(few))])
    fit_network(
        network, FitRows(tensors=tensors, targets=few.targets, weight=ones, group=group), fit, dropper=None, seed=1
    )
    found = network_logits(network, tensors)
    heads = ["fusion", "series", "tabular"] + (["notes"] if few.has_notes.any() else [])
    wanted = few.target(config.target).astype(np.int64)
    return {head: round(log_loss(wanted, found[head]), 4) for head in heads}


PERMUTED_DEALS = 4
"""How often the labels are dealt anew. With about a hundred patients who die, the AUROC of chance has a standard error
of about 0.03 in one deal, which says nothing about a bound of 0.05."""


def permuted_labels(
    path: Path,
    rows: EnsembleRows,
    fold: NDArray[np.int64],
    data: EnsembleData,
    config: EnsembleConfig,
    recipe: GbmRecipe,
    *,
    progress: Progress,
) -> dict[str, Any]:
    """AUROC within the population's source, and within each fold, when the patients' labels were dealt anew within each
    source before training; the mean over several deals. Every deal is listed, also with the AUROC over all folds at
    once: that one lies below 0.5 without any fault, since a fold with more events leaves fewer to learn the base rate
    from.

    Pre-training is shortened to two epochs; its labels are dealt anew too. Goes on where it was cut short.
    """
    deals: list[dict[str, Any]] = read_json(path)["deals"] if path.exists() else []
    short = replace(
        config, network=replace(config.network, members=1, pretraining=replace(config.network.pretraining, epochs=2))
    )
    for deal in range(len(deals), PERMUTED_DEALS):
        seed = config.seed + 1000 * deal
        dealt = replace(rows, targets=_dealt_anew(rows, seed=seed))
        logits = _logits_of_a_deal(dealt, fold, data, short, recipe, seed=seed, deal=deal, progress=progress)
        deals.append({"seed": seed} | _judged_deal(dealt, fold, logits, config))
        write_json(path, {"deals": deals})
    names = list(deals[0]["withinFold"])
    return {
        "rows": deals[0]["rows"],
        "auroc": {name: round(float(np.mean([d["withinFold"][name] for d in deals])), 4) for name in names},
        "deals": deals,
    }


def _logits_of_a_deal(
    dealt: EnsembleRows,
    fold: NDArray[np.int64],
    data: EnsembleData,
    config: EnsembleConfig,
    recipe: GbmRecipe,
    *,
    seed: int,
    deal: int,
    progress: Progress,
) -> dict[str, Vector]:
    """Out-of-fold log-odds of every learner, from networks pretrained on dealt labels too."""
    pretrained = pretrain_networks(dealt, data, config, seed=seed, progress=progress)
    logits: dict[str, Vector] = {}
    for k in range(config.split.folds):
        held = np.flatnonzero(fold == k).astype(np.int64)
        progress(f"permuted labels, deal {deal + 1} of {PERMUTED_DEALS}, fold {k}")
        fitted = fit_learners(
            dealt.where(fold != k),
            data,
            config,
            recipe=recipe,
            pretrained=pretrained,
            seed=seed + k,
            progress=lambda _: None,
        )
        for name, value in fitted.logits(dealt.take(held), data, config).items():
            logits.setdefault(name, np.full(len(dealt), np.nan))[held] = value
    return logits


def _judged_deal(
    dealt: EnsembleRows, fold: NDArray[np.int64], logits: dict[str, Vector], config: EnsembleConfig
) -> dict[str, Any]:
    label = dealt.target(config.target)
    at = np.flatnonzero((fold >= 0) & ~np.isnan(label) & (dealt.role == "landmark"))
    out: dict[str, Any] = {"rows": len(at), "events": int(label[at].sum()), "withinFold": {}, "overFolds": {}}
    for name in ("gbm", "series", "text", "fusion"):
        if name in logits:
            own = at[dealt.has_notes[at]] if name == "text" else at
            y, score = label[own].astype(np.int64), logits[name][own]
            out["withinFold"][name] = round(auroc_within(y, score, fold[own]), 4)
            out["overFolds"][name] = round(auroc(y, score), 4)
    return out


def _dealt_anew(rows: EnsembleRows, *, seed: int) -> Vector:
    """Targets of whole patients exchanged within source and role, as far as they have as many rows; else row by row."""
    rng = np.random.default_rng(seed)
    out = rows.targets.copy()
    for source in np.unique(rows.source):
        for role in np.unique(rows.role):
            at = np.flatnonzero((rows.source == source) & (rows.role == role))
            patients, inverse = np.unique(rows.patient[at], return_inverse=True)
            first = np.array([at[np.flatnonzero(inverse == i)[-1]] for i in range(len(patients))], dtype=np.int64)
            out[at] = rows.targets[first[rng.permutation(len(patients))]][inverse]
    return out
