"""``train`` of an ensemble: folds, recipe, out-of-fold logits, stack, calibration, refit. Goes on where it was cut
short."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hemolens_training.ensemble.config import EnsembleConfig, load_ensemble_config
from hemolens_training.ensemble.folds import (
    KEPT,
    PRETRAINING,
    REFIT,
    Unit,
    fit_units,
    open_workshop,
    out_of_fold,
    partition,
    pretrained_paths,
    units_of,
)
from hemolens_training.ensemble.gbm import choose_recipe
from hemolens_training.ensemble.learners import Progress, patterns, pretrain_networks, save_network
from hemolens_training.ensemble.rows import EnsembleData, EnsembleRows, rows_sha256
from hemolens_training.ensemble.stack import (
    StackWeights,
    cross_fitted,
    eliminate,
    fit_calibration,
    fit_stack,
    shrunk_intercept,
)
from hemolens_training.metrics import Vector
from hemolens_training.run_folder import finish, provenance, read_json, write_json


def train_ensemble(
    *, config_path: Path, data: EnsembleData, datasets: Path, run: Path, workers: int, progress: Progress
) -> None:
    """Writes ``run``; called again for an unfinished run it goes on, if configuration and data are the same."""
    config = load_ensemble_config(config_path)
    _open(run, config_path, config, data)
    started = time.monotonic()
    fold = partition(data.rows, config)
    _write_folds(run, data.rows, fold, config)
    counts = _counts(data.rows, fold, config)
    write_json(run / "rows.json", counts)
    progress(f"{len(data.rows)} rows; {json.dumps(counts['byRole'])}")
    rows = data.rows.where(fold != KEPT)
    _choose_recipe(run, rows, fold[fold != KEPT], data, config, progress)
    _pretrain(run, rows, data, config, progress)
    workshop = open_workshop(run, datasets)
    fit_units(workshop, [*units_of(config, 0), Unit(repetition=0, fold=REFIT)], workers=workers, progress=progress)
    own = workshop.fold(0)
    stack = fit_patterns(rows.where(own >= 0), own[own >= 0], out_of_fold(workshop, 0), config)
    write_json(run / "stack.json", stack)
    progress(f"stack: {json.dumps(stack['patterns'][0]['weights'])}, slope {stack['calibration']['slope']:.3f}")
    seconds = read_json(run / "seconds.json")["train"] if (run / "seconds.json").exists() else 0.0
    write_json(run / "seconds.json", {"train": round(seconds + time.monotonic() - started, 1)})
    finish(run)


def _open(run: Path, config_path: Path, config: EnsembleConfig, data: EnsembleData) -> None:
    about = {
        **provenance(seed=config.seed, dataset_sha256=_data_sha256(data)),
        "datasets": data.sha256,
        "rowsSha256": rows_sha256(data.rows),
        "configSha256": hashlib.sha256(config_path.read_bytes()).hexdigest(),
        "noteEncoder": data.note_encoder,
    }
    if not run.exists():
        run.mkdir(parents=True)
        shutil.copyfile(config_path, run / "config.toml")
        write_json(run / "run.json", about)
        return
    if (run / "DONE").exists():
        raise FileExistsError(f"{run} is a finished run: choose another folder, nothing is overwritten")
    if not (run / "run.json").exists():
        raise FileExistsError(f"{run} exists and is no run: choose another folder, nothing is overwritten")
    before = read_json(run / "run.json")
    for key in ("configSha256", "rowsSha256", "datasetSha256", "noteEncoder"):
        if before[key] != about[key]:
            raise ValueError(f"{run} was begun with another {key}: choose another folder")


def _data_sha256(data: EnsembleData) -> str:
    return hashlib.sha256("\n".join(f"{k} {v}" for k, v in sorted(data.sha256.items())).encode()).hexdigest()


def _write_folds(run: Path, rows: EnsembleRows, fold: NDArray[np.int64], config: EnsembleConfig) -> None:
    names = {PRETRAINING: "pretraining", KEPT: "kept"}
    lines = sorted({f"{p}\t{names.get(int(k), str(int(k)))}" for p, k in zip(rows.patient, fold, strict=True)})
    text = f"# patient\tfold ({config.split.folds} folds, salt {config.split.salt})\n" + "\n".join(lines) + "\n"
    (run / "folds.tsv").write_text(text, encoding="utf-8")


def _counts(rows: EnsembleRows, fold: NDArray[np.int64], config: EnsembleConfig) -> dict[str, Any]:
    def of(mask: NDArray[np.bool_]) -> dict[str, int]:
        label = rows.target(config.target)[mask]
        return {
            "rows": int(mask.sum()),
            "patients": len(np.unique(rows.patient[mask])),
            "labelled": int((~np.isnan(label)).sum()),
            "events": int(np.nansum(label)),
        }

    roles = {
        f"{source}/{role}": of((fold != KEPT) & (rows.source == source) & (rows.role == role))
        for source in np.unique(rows.source)
        for role in np.unique(rows.role[rows.source == source])
    }
    folds = {str(k): of(fold == k) for k in range(config.split.folds)}
    return {"byRole": roles, "byFold": folds, "kept": of(fold == KEPT)}


def _choose_recipe(
    run: Path,
    rows: EnsembleRows,
    fold: NDArray[np.int64],
    data: EnsembleData,
    config: EnsembleConfig,
    progress: Progress,
) -> None:
    path = run / "gbm-recipe.json"
    if path.exists():
        return
    choice = choose_recipe(
        rows,
        fold,
        target=config.target,
        columns=data.columns,
        config=config.gbm,
        salt=config.split.salt,
        seed=config.seed,
        progress=progress,
    )
    write_json(path, {"chosen": asdict(choice.recipe), "tried": choice.tried})


def _pretrain(run: Path, rows: EnsembleRows, data: EnsembleData, config: EnsembleConfig, progress: Progress) -> None:
    paths = pretrained_paths(run, config, data)
    if all(path.exists() for path in paths):
        return
    # One thread: a second one waits at every barrier when anything else runs, and sums would depend on their number.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    networks = pretrain_networks(rows, data, config, seed=config.seed, progress=progress)
    torch.set_num_threads(threads)
    for path, network in zip(paths, networks, strict=True):
        save_network(path, network)


def _has_text(logits: dict[str, dict[str, Vector]]) -> bool:
    return any("text" in own for own in logits.values())


def fit_patterns(
    rows: EnsembleRows, fold: NDArray[np.int64], logits: dict[str, dict[str, Vector]], config: EnsembleConfig
) -> dict[str, Any]:
    """``stack.json`` with what led to it: one weight vector a pattern, calibration, the transfused patients' shift.

    Every learner must earn its place on rows that neither it nor the weights have seen (:func:`eliminate`). A
    pattern is fitted on rows in which what it needs is there. Calibration rests on cross-fitted stacked logits of
    rows as they are.
    """
    has_text = _has_text(logits)
    label = rows.target(config.target)
    known = ~np.isnan(label)
    has_tokens = (rows.concept_ids > 0).any(axis=1)
    stacked = np.full(len(rows), np.nan)
    entries: list[dict[str, Any]] = []
    report: list[dict[str, Any]] = []
    for pattern in patterns(has_notes=bool(rows.has_notes.any())):
        usable = known & (has_tokens | (not pattern.series)) & (rows.has_notes | (not pattern.notes))
        learners = pattern.learners(has_text=has_text)
        own = {name: value[usable] for name, value in logits[pattern.name].items() if name in learners}
        y, weight, folds = label[usable].astype(np.int64), rows.weight[usable], fold[usable]
        elimination = eliminate(
            own,
            y,
            weight,
            folds,
            learners=learners,
            patient=rows.patient[usable],
            penalty=config.stack.penalty,
            evidence=config.stack.evidence,
            seed=config.seed,
        )
        fitted = fit_stack(own, y, weight, learners=elimination.kept, penalty=config.stack.penalty)
        entries.append(_with_zeros(fitted, learners).to_json())
        report.append(
            {
                "pattern": pattern.name,
                "rows": int(usable.sum()),
                "events": int(y.sum()),
                "elimination": list(elimination.steps),
            }
        )
        crossed = np.full(len(rows), np.nan)
        crossed[usable] = cross_fitted(own, y, weight, folds, learners=elimination.kept, penalty=config.stack.penalty)
        mine = usable & (has_tokens == pattern.series) & (rows.has_notes == pattern.notes)
        stacked[mine] = crossed[mine]
    return {
        "patterns": entries,
        "report": report,
        **_calibration(rows, label, stacked, config),
        **_references(rows, logits, has_text),
    }


def _with_zeros(fitted: StackWeights, learners: tuple[str, ...]) -> StackWeights:
    own = dict(zip(fitted.learners, fitted.weights, strict=True))
    return StackWeights(
        learners=learners, weights=tuple(own.get(name, 0.0) for name in learners), intercept=fitted.intercept
    )


def _calibration(rows: EnsembleRows, label: Vector, stacked: Vector, config: EnsembleConfig) -> dict[str, Any]:
    general = ~np.isnan(stacked) & (rows.role == "landmark")
    transfused = ~np.isnan(stacked) & (rows.role == "transfusion")
    basis = general if general.any() else transfused
    slope, intercept = fit_calibration(label[basis].astype(np.int64), stacked[basis], rows.weight[basis])
    shift = 0.0
    if general.any() and transfused.any():
        y = label[transfused].astype(np.int64)
        shift = shrunk_intercept(y, slope * stacked[transfused] + intercept, prior_sd=config.stack.intercept_prior_sd)
    return {
        "calibration": {"slope": slope, "intercept": intercept + shift},
        "calibrationReport": {
            "generalRows": int(general.sum()),
            "generalEvents": int(label[general].sum()),
            "generalIntercept": intercept,
            "transfusedRows": int(transfused.sum()),
            "transfusedEvents": int(label[transfused].sum()),
            "transfusedShift": shift,
        },
    }


def _references(rows: EnsembleRows, logits: dict[str, dict[str, Vector]], has_text: bool) -> dict[str, Any]:
    richest = patterns(has_notes=bool(rows.has_notes.any()))[0]
    own = logits[richest.name]
    has_tokens = (rows.concept_ids > 0).any(axis=1)
    there = {
        "gbm": np.ones(len(rows), dtype=bool),
        "fusion": np.ones(len(rows), dtype=bool),
        "series": has_tokens,
        "text": rows.has_notes,
    }
    return {
        "references": {
            name: float(np.average(own[name][there[name]], weights=rows.weight[there[name]]))
            for name in richest.learners(has_text=has_text)
        }
    }
