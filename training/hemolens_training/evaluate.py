"""``evaluate``: the held-out set, once. Every number with its interval, n and events."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from hemolens_training.config import EvaluationConfig, load_config
from hemolens_training.dataset import Dataset, Rows, load_dataset, mask_source
from hemolens_training.metrics import (
    Estimate,
    Labels,
    Measure,
    Vector,
    auprc,
    auroc,
    bootstrap,
    brier,
    calibration_intercept,
    calibration_slope,
    net_benefit,
    patient_resamples,
    scaled_brier,
    sigmoid,
)
from hemolens_training.report import report_markdown
from hemolens_training.run_folder import create_folder, finish, read_json, require_done, write_json
from hemolens_training.train import read_comparator
from hemolens_training.trees import FloatRows

_MEASURES: dict[str, Measure] = {
    "auroc": auroc,
    "auprc": auprc,
    "brier": brier,
    "scaledBrier": scaled_brier,
    "calibrationIntercept": calibration_intercept,
    "calibrationSlope": calibration_slope,
}


def evaluate(*, dataset_folder: Path, run: Path) -> dict[str, Any]:
    """Writes ``run/evaluation`` (report.json, report.md, DONE) and returns the report."""
    require_done(run)
    config = load_config(run / "config.toml")
    dataset = load_dataset(dataset_folder)
    provenance = read_json(run / "run.json")
    if provenance["datasetSha256"] != dataset.sha256:
        raise ValueError(f"the run was trained on another dataset: {provenance['datasetSha256']}")
    folder = create_folder(run / "evaluation")
    report = evaluation_report(
        run=run,
        dataset=dataset,
        held_out=dataset.sets[config.data.held_out_set],
        evaluation=config.evaluation,
        sources=config.source_dropout.sources,
        seed=config.seed,
    )
    content = {
        "title": f"{config.bundle.title}: {config.bundle.outcome}",
        "trainSet": config.data.train_set,
        "heldOutSet": config.data.held_out_set,
        "provenance": provenance,
        "attrition": dataset.card["attrition"],
        "training": read_json(run / "calibration.json")["outOfFold"],
        **report,
    }
    write_json(folder / "report.json", content)
    (folder / "report.md").write_text(report_markdown(content), encoding="utf-8")
    finish(folder)
    return content


def evaluation_report(
    *, run: Path, dataset: Dataset, held_out: Rows, evaluation: EvaluationConfig, sources: list[str], seed: int
) -> dict[str, Any]:
    """All measures of the model and of the comparator on the held-out rows."""
    booster = lgb.Booster(model_file=str(run / "model.txt"))
    calibration = read_json(run / "calibration.json")
    comparator = read_comparator(run / "comparator.json")

    def scores(features: FloatRows) -> Vector:
        raw = np.asarray(booster.predict(features, raw_score=True), dtype=np.float64)
        return np.asarray(calibration["slope"] * raw + calibration["intercept"], dtype=np.float64)

    def measured(label: Labels, logit: Vector, patient: NDArray[np.str_], names: tuple[str, ...]) -> dict[str, Any]:
        return {
            name: bootstrap(
                _MEASURES[name], label, logit, patient=patient, resamples=evaluation.resamples, seed=seed
            ).to_json()
            for name in names
        }

    everything = tuple(_MEASURES)
    rows = held_out.certain()
    model, logistic = scores(rows.features), comparator.logits(rows.features)
    with_day2 = held_out.label.copy()
    with_day2[held_out.day2] = 1
    masked = {name: scores(mask_source(rows.features, dataset.columns_of(name))) for name in sources}
    return {
        "resamples": evaluation.resamples,
        "model": measured(rows.label, model, rows.patient, everything),
        "comparator": {
            "kind": "L2-regularised logistic regression, median imputation, missing indicators, standardisation",
            **measured(rows.label, logistic, rows.patient, everything),
        },
        "difference": paired_difference(rows, model, logistic, evaluation=evaluation, seed=seed),
        "sensitivityDay2AsEvent": measured(
            with_day2, scores(held_out.features), held_out.patient, ("auroc", "auprc", "calibrationIntercept")
        ),
        "sensitivityDay2AsEventComparator": measured(
            with_day2, comparator.logits(held_out.features), held_out.patient, ("auroc", "auprc")
        ),
        "sourceUnavailable": {
            name: measured(rows.label, logit, rows.patient, ("auroc", "auprc", "calibrationIntercept"))
            for name, logit in masked.items()
        },
        "tiers": tier_table(rows, model, evaluation=evaluation, seed=seed),
        "calibrationCurve": calibration_curve(rows.label, model),
        "netBenefit": net_benefit_table(rows.label, model, logistic, thresholds=evaluation.tier_bounds),
        "distribution": distribution(rows.label, model),
    }


def paired_difference(
    rows: Rows, model: Vector, logistic: Vector, *, evaluation: EvaluationConfig, seed: int
) -> dict[str, Any]:
    """Model minus comparator on the same resampled patients."""
    draws = patient_resamples(rows.patient, rows.label, resamples=evaluation.resamples, seed=seed)
    result: dict[str, Any] = {}
    for name in ("auroc", "auprc", "brier"):
        measure = _MEASURES[name]
        values = [measure(rows.label[at], model[at]) - measure(rows.label[at], logistic[at]) for at in draws]
        low, high = np.percentile(values, [2.5, 97.5])
        value = measure(rows.label, model) - measure(rows.label, logistic)
        result[name] = Estimate(
            value=value, low=float(low), high=float(high), n=len(rows.label), events=int(rows.label.sum())
        ).to_json()
    return result


def tier_table(rows: Rows, logit: Vector, *, evaluation: EvaluationConfig, seed: int) -> list[dict[str, Any]]:
    """Share of patients and observed death rate of every tier."""
    probability = sigmoid(logit)
    bounds = [0.0, *evaluation.tier_bounds, 1.0]
    rng = np.random.default_rng(seed)
    table = []
    for low, high in itertools.pairwise(bounds):
        inside = (probability >= low) & ((probability < high) | (high == 1.0))
        n, events = int(inside.sum()), int(rows.label[inside].sum())
        entry: dict[str, Any] = {"from": low, "to": high, "n": n, "share": round(n / len(rows.label), 4)}
        if n:
            resampled = rng.binomial(n, events / n, size=evaluation.resamples) / n
            entry["predicted"] = round(float(probability[inside].mean()), 4)
            entry["observed"] = {
                "value": round(events / n, 4),
                "low": round(float(np.percentile(resampled, 2.5)), 4),
                "high": round(float(np.percentile(resampled, 97.5)), 4),
                "n": n,
                "events": events,
            }
        table.append(entry)
    return table


def calibration_curve(label: Labels, logit: Vector, *, groups: int = 10) -> list[dict[str, Any]]:
    """Mean prediction and observed share in groups of equal size, lowest first."""
    parts = np.array_split(np.argsort(logit, kind="stable"), groups)
    return [
        {
            "predicted": round(float(sigmoid(logit[part]).mean()), 4),
            "observed": round(float(label[part].mean()), 4),
            "n": len(part),
            "events": int(label[part].sum()),
        }
        for part in parts
    ]


def net_benefit_table(
    label: Labels, model: Vector, logistic: Vector, *, thresholds: list[float]
) -> list[dict[str, Any]]:
    """Net benefit per 100 patients at each threshold, beside acting on everybody."""
    return [
        {
            "threshold": threshold,
            "model": round(100 * net_benefit(label, model, threshold=threshold), 3),
            "comparator": round(100 * net_benefit(label, logistic, threshold=threshold), 3),
            "everybody": round(100 * net_benefit(label, np.full(len(label), np.inf), threshold=threshold), 3),
        }
        for threshold in thresholds
    ]


def distribution(label: Labels, logit: Vector) -> dict[str, list[float]]:
    """Percentiles 5, 25, 50, 75, 95 of the predicted probability among events and others."""
    quantiles = [5, 25, 50, 75, 95]
    return {
        name: [round(float(q), 4) for q in np.percentile(sigmoid(logit[label == value]), quantiles)]
        for name, value in (("events", 1), ("others", 0))
    }
