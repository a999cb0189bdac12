"""``evaluate`` of an ensemble: what every part and the whole can do, and what the data cannot show."""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hemolens_training.ensemble.checks import data_checks, permuted_labels
from hemolens_training.ensemble.config import EnsembleConfig
from hemolens_training.ensemble.export import calibrated_logit
from hemolens_training.ensemble.folds import (
    KEPT,
    Workshop,
    fit_units,
    load_refit,
    open_workshop,
    out_of_fold,
    partition,
    seed_of,
    units_of,
)
from hemolens_training.ensemble.learners import FittedLearners, Pattern, Progress, patterns
from hemolens_training.ensemble.report import model_card, report_markdown
from hemolens_training.ensemble.rows import EnsembleData, EnsembleRows
from hemolens_training.ensemble.stack import cross_fitted
from hemolens_training.judge import PROBABILISTIC, judge
from hemolens_training.metrics import Vector, auprc, auroc, log_loss, sigmoid
from hemolens_training.run_folder import finish, read_json, require_done, write_json
from hemolens_training.text_learner import out_of_fold_text_comparator


def evaluate_ensemble(
    *, datasets: Path, held_out: EnsembleData | None, run: Path, workers: int, progress: Progress
) -> dict[str, Any]:
    """Writes ``run/evaluation``; goes on where it was cut short. ``held_out``: rows of the held-out parts."""
    require_done(run)
    workshop = open_workshop(run, datasets)
    config, data, rows = workshop.config, workshop.data, workshop.rows
    if read_json(run / "run.json")["datasets"] != data.sha256:
        raise ValueError("the run was trained on other data")
    folder = run / "evaluation"
    if (folder / "DONE").exists():
        raise FileExistsError(f"{folder} exists already: nothing is overwritten")
    folder.mkdir(exist_ok=True)
    started = time.monotonic()
    fold = workshop.fold(0)
    judged, own_fold = rows.where(fold >= 0), fold[fold >= 0]
    stack = read_json(run / "stack.json")
    logits = out_of_fold(workshop, 0)
    scores = _scores(judged, own_fold, logits, stack, config)
    label = judged.target(config.target)
    fitted = load_refit(run, data, config)
    report: dict[str, Any] = {
        "title": f"{config.bundle.title}: {config.bundle.outcome}",
        "target": config.target,
        "provenance": read_json(run / "run.json"),
        "counts": read_json(run / "rows.json"),
        "gbm": read_json(run / "gbm-recipe.json"),
        "stack": stack,
        "baseRate": _base_rate(judged, label),
        "outOfFold": _judged_groups(judged, label, scores, config),
        "missing": _missing_modalities(judged, label, logits, stack, config),
        "lateFusion": _late_fusion(judged, own_fold, logits, config),
        "checks": data_checks(rows, judged, label, fitted, data, config, progress=progress),
    }
    if config.evaluation.permuted_labels:
        report["permutedLabels"] = permuted_labels(
            folder / "permuted-labels.json", rows, fold, data, config, workshop.recipe, progress=progress
        )
    if config.notes is not None and judged.has_notes.any():
        report["textComparator"] = _text_comparator(judged, own_fold, label, scores, config)
    kept = data.rows.where(partition(data.rows, config) == KEPT)
    if len(kept):
        report["kept"] = _kept(kept, fitted, stack, data, config)
    if held_out is not None:
        report["heldOut"] = _held_out(held_out, fitted, stack, data, config, folder)
    report["repetitions"] = _repetitions(workshop, stack, workers=workers, progress=progress)
    seconds = read_json(run / "seconds.json")
    seconds["evaluate"] = round(seconds.get("evaluate", 0.0) + time.monotonic() - started, 1)
    write_json(run / "seconds.json", seconds)
    report["seconds"] = seconds
    write_json(folder / "report.json", json.loads(json.dumps(report, default=float)))
    (folder / "report.md").write_text(report_markdown(report, config), encoding="utf-8")
    (folder / "MODEL_CARD.md").write_text(model_card(report, config, data), encoding="utf-8")
    finish(folder)
    return report


def actual_pattern(rows: EnsembleRows) -> list[Pattern]:
    """Which modalities each row really has."""
    tokens = np.asarray((rows.concept_ids > 0).any(axis=1))
    return [Pattern(series=bool(t), notes=bool(n)) for t, n in zip(tokens, rows.has_notes, strict=True)]


def _scores(
    rows: EnsembleRows,
    fold: NDArray[np.int64],
    logits: dict[str, dict[str, Vector]],
    stack: dict[str, Any],
    config: EnsembleConfig,
) -> dict[str, Vector]:
    """Every learner on rows as they are, and the stack with weights that have not seen the row."""
    richest = patterns(has_notes=bool(rows.has_notes.any()))[0].name
    out = {name: value for name, value in logits[richest].items() if name not in ("tabular", "notes")}
    out["stack"] = _stacked(rows, fold, logits, stack, config)
    return out


def _stacked(
    rows: EnsembleRows,
    fold: NDArray[np.int64],
    logits: dict[str, dict[str, Vector]],
    stack: dict[str, Any],
    config: EnsembleConfig,
) -> Vector:
    label, out = rows.target(config.target), np.full(len(rows), np.nan)
    actual = actual_pattern(rows)
    for entry in stack["patterns"]:
        kept = [name for name, weight in entry["weights"].items() if weight > 0] or entry["learners"][:1]
        pattern = next(
            p
            for p in patterns(has_notes=bool(rows.has_notes.any()))
            if sorted(p.learners(has_text="text" in stack["references"])) == sorted(entry["learners"])
        )
        mine = np.array([p == pattern for p in actual], dtype=bool)
        usable = ~np.isnan(label) & np.array(
            [(p.series or not pattern.series) and (p.notes or not pattern.notes) for p in actual], dtype=bool
        )
        crossed = np.full(len(rows), np.nan)
        own = {name: logits[pattern.name][name][usable] for name in kept}
        crossed[usable] = cross_fitted(
            own,
            label[usable].astype(np.int64),
            rows.weight[usable],
            fold[usable],
            learners=kept,
            penalty=config.stack.penalty,
        )
        out[mine] = crossed[mine]
    calibration = stack["calibration"]
    return np.asarray(calibration["slope"] * out + calibration["intercept"], dtype=np.float64)


def _base_rate(rows: EnsembleRows, label: Vector) -> float:
    """Share of events among first transfused rows, or among all rows where none is transfused."""
    transfused = (rows.role == "transfusion") & rows.first
    own = label[transfused] if transfused.any() else label
    return float(np.nanmean(own))


def groups(rows: EnsembleRows) -> dict[str, NDArray[np.bool_]]:
    """Sets of rows that numbers are given for; empty ones are left out. Never over more than one source."""
    landmark, transfused = rows.role == "landmark", rows.role == "transfusion"
    found = {
        "landmarks": landmark,
        "landmarks at 24 h": landmark & (rows.landmark_hour == 24),
        "transfused": transfused,
        "transfused, first episode": transfused & rows.first,
        "transfused, scoreable": transfused & rows.scoreable,
        "transfused, scoreable, first episode": transfused & rows.scoreable & rows.first,
    }
    return {name: own for name, own in found.items() if own.any()}


def _judged_groups(
    rows: EnsembleRows, label: Vector, scores: dict[str, Vector], config: EnsembleConfig
) -> dict[str, Any]:
    out = {}
    for name, own in groups(rows).items():
        at = own & ~np.isnan(label)
        events = int(label[at].sum())
        if not 0 < events < at.sum():
            out[name] = {"rows": int(at.sum()), "events": events}
            continue
        here = {k: v[at] for k, v in scores.items() if not np.isnan(v[at]).any()}
        y = label[at].astype(np.int64)
        out[name] = judge(
            y, here, patient=rows.patient[at], resamples=config.evaluation.resamples, seed=config.seed, against="gbm"
        )
        if "stack" in here:
            calibrated = {"stack": here["stack"]}
            out[name]["stack"] = judge(
                y,
                calibrated,
                patient=rows.patient[at],
                resamples=config.evaluation.resamples,
                seed=config.seed,
                measures=PROBABILISTIC,
            )["scores"]["stack"]
    return out


def _missing_modalities(
    rows: EnsembleRows,
    label: Vector,
    logits: dict[str, dict[str, Vector]],
    stack: dict[str, Any],
    config: EnsembleConfig,
) -> dict[str, Any]:
    """AUROC on the same landmark rows when a modality is taken away."""
    at = (rows.role == "landmark") & ~np.isnan(label) & (rows.concept_ids > 0).any(axis=1)
    if rows.has_notes.any():
        at &= rows.has_notes
    out: dict[str, Any] = {"rows": int(at.sum()), "events": int(label[at].sum()), "auroc": {}}
    for pattern in patterns(has_notes=bool(rows.has_notes.any())):
        own = logits[pattern.name]
        learners = pattern.learners(has_text="text" in stack["references"])
        score = np.array([calibrated_logit(stack, {n: own[n][i] for n in learners}) for i in np.flatnonzero(at)])
        out["auroc"][pattern.name] = round(auroc(label[at].astype(np.int64), score), 4)
    return out


def _late_fusion(
    rows: EnsembleRows, fold: NDArray[np.int64], logits: dict[str, dict[str, Vector]], config: EnsembleConfig
) -> dict[str, Any]:
    """The gated fusion beside a logistic regression on the heads of the same networks (plain late fusion)."""
    label = rows.target(config.target)
    richest = patterns(has_notes=bool(rows.has_notes.any()))[0]
    own = logits[richest.name]
    heads = ["tabular", "series"] + (["notes"] if richest.notes else [])
    at = ~np.isnan(label) & (rows.concept_ids > 0).any(axis=1)
    if richest.notes:
        at &= rows.has_notes
    y = label[at].astype(np.int64)
    plain = cross_fitted(
        {h: own[h][at] for h in heads}, y, rows.weight[at], fold[at], learners=heads, penalty=config.stack.penalty
    )
    return judge(
        y,
        {"late": plain, "gated": own["fusion"][at]},
        patient=rows.patient[at],
        resamples=config.evaluation.resamples,
        seed=config.seed,
        against="late",
    )


def _text_comparator(
    rows: EnsembleRows, fold: NDArray[np.int64], label: Vector, scores: dict[str, Vector], config: EnsembleConfig
) -> dict[str, Any]:
    """The note encoder's head beside hashed TF-IDF and SVD, on landmark rows with notes."""
    assert config.notes is not None
    at = rows.has_notes & ~np.isnan(label) & (rows.role == "landmark")
    other = out_of_fold_text_comparator(
        rows.texts[at].tolist(),
        label[at].astype(np.int64),
        rows.weight[at],
        fold[at],
        patient=rows.patient[at],
        inverse_penalties=config.notes.inverse_penalties,
        seed=config.seed,
    )
    return judge(
        label[at].astype(np.int64),
        {"tfidf-svd": other, "text": scores["text"][at]},
        patient=rows.patient[at],
        resamples=config.evaluation.resamples,
        seed=config.seed,
        against="tfidf-svd",
    )


def stacked_logits(
    rows: EnsembleRows, fitted: FittedLearners, stack: dict[str, Any], data: EnsembleData, config: EnsembleConfig
) -> tuple[Vector, dict[str, Vector]]:
    """Calibrated log-odds of rows as they are, and every learner's, as the bundle gives them."""
    logits = fitted.logits(rows, data, config)
    out = np.full(len(rows), np.nan)
    for i, pattern in enumerate(actual_pattern(rows)):
        learners = pattern.learners(has_text="text" in stack["references"])
        out[i] = calibrated_logit(stack, {name: float(logits[name][i]) for name in learners})
    return out, logits


def _kept(
    rows: EnsembleRows, fitted: FittedLearners, stack: dict[str, Any], data: EnsembleData, config: EnsembleConfig
) -> dict[str, Any]:
    """Patients that nothing learned from: does the refit's slope hold? By source, never pooled."""
    out = {}
    score, _ = stacked_logits(rows, fitted, stack, data, config)
    label = rows.target(config.target)
    for source in np.unique(rows.source):
        at = (rows.source == source) & ~np.isnan(label)
        y = label[at].astype(np.int64)
        if not 0 < y.sum() < len(y):
            out[str(source)] = {"rows": len(y), "events": int(y.sum())}
            continue
        out[str(source)] = judge(
            y,
            {"stack": score[at]},
            patient=rows.patient[at],
            resamples=config.evaluation.resamples,
            seed=config.seed,
            measures=PROBABILISTIC,
        )
    return out


def _held_out(
    held: EnsembleData,
    fitted: FittedLearners,
    stack: dict[str, Any],
    data: EnsembleData,
    config: EnsembleConfig,
    folder: Path,
) -> dict[str, Any]:
    """The parts with role ``held_out``, once: every learner, the stack, their paired differences."""
    if held.spec_bytes != data.spec_bytes:
        raise ValueError("the held-out parts have another feature spec")
    score, logits = stacked_logits(held.rows, fitted, stack, held, config)
    label = held.rows.target(config.target)
    at = ~np.isnan(label)
    y = label[at].astype(np.int64)
    names = [name for name in stack["references"]]
    scores = {name: logits[name][at] for name in names} | {"stack": score[at]}
    out = judge(
        y,
        scores,
        patient=held.rows.patient[at],
        resamples=config.evaluation.resamples,
        seed=config.seed,
        measures=PROBABILISTIC,
        against="gbm",
    )
    out["tiers"] = tiers(y, score[at], config.evaluation.tier_bounds)
    return out


def tiers(label: NDArray[np.int64], logit: Vector, bounds: list[float]) -> list[dict[str, Any]]:
    """Share, mean prediction and observed rate by tier."""
    probability = sigmoid(logit)
    edges = [0.0, *bounds, 1.0]
    out = []
    for low, high in itertools.pairwise(edges):
        at = (probability >= low) & ((probability < high) | (high == 1.0))
        out.append(
            {
                "from": low,
                "to": high,
                "n": int(at.sum()),
                "events": int(label[at].sum()),
                "predicted": float(probability[at].mean()) if at.any() else None,
                "observed": float(label[at].mean()) if at.any() else None,
            }
        )
    return out


def _repetitions(workshop: Workshop, stack: dict[str, Any], *, workers: int, progress: Progress) -> dict[str, Any]:
    """The whole out-of-fold line again with other folds and seeds: what a difference between two runs is worth."""
    rows, config = workshop.rows, workshop.config
    kept = sorted({name for entry in stack["patterns"] for name, weight in entry["weights"].items() if weight > 0})
    numbers = range(1, config.evaluation.repetitions + 1)
    fit_units(workshop, [unit for n in numbers for unit in units_of(config, n)], workers=workers, progress=progress)
    listed: list[dict[str, Any]] = []
    for repetition in numbers:
        seed = seed_of(config, repetition)
        fold = workshop.fold(repetition)
        logits = out_of_fold(workshop, repetition)
        judged = rows.where(fold >= 0)
        label = judged.target(config.target)
        scores = _scores(judged, fold[fold >= 0], logits, stack, config)
        entry: dict[str, Any] = {"seed": seed, "groups": {}}
        for name, own in groups(judged).items():
            at = own & ~np.isnan(label)
            if not 0 < label[at].sum() < at.sum():
                continue
            y = label[at].astype(np.int64)
            entry["groups"][name] = {
                k: {
                    "auroc": round(auroc(y, v[at]), 4),
                    "auprc": round(auprc(y, v[at]), 4),
                    "logLoss": round(log_loss(y, v[at]), 5),
                }
                for k, v in scores.items()
                if not np.isnan(v[at]).any()
            }
        listed.append(entry)
    mean = {}
    for name in listed[0]["groups"] if listed else {}:
        mean[name] = {
            score: {
                m: round(float(np.mean([e["groups"][name][score][m] for e in listed])), 4)
                for m in ("auroc", "auprc", "logLoss")
            }
            | {"aurocSd": round(float(np.std([e["groups"][name][score]["auroc"] for e in listed])), 4)}
            for score in listed[0]["groups"][name]
            if all(score in e["groups"][name] for e in listed)
        }
    return {"stackOf": kept, "seeds": [e["seed"] for e in listed], "mean": mean, "each": listed}
