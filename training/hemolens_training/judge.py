"""Several scores judged on the same rows and the same resampled patients, so that their differences are paired."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hemolens_training.metrics import (
    Estimate,
    Labels,
    Measure,
    Vector,
    auprc,
    auroc,
    brier,
    calibration_intercept,
    calibration_slope,
    log_loss,
    patient_resamples,
)

#: What is said of a score whose log-odds mean something.
PROBABILISTIC: dict[str, Measure] = {
    "auroc": auroc,
    "auprc": auprc,
    "logLoss": log_loss,
    "brier": brier,
    "calibrationIntercept": calibration_intercept,
    "calibrationSlope": calibration_slope,
}
#: What is said of a score that only ranks.
RANKING: dict[str, Measure] = {"auroc": auroc, "auprc": auprc}
#: A measure that fewer resamples than this define has no interval.
SMALLEST_SHARE = 0.9


def judge(
    label: Labels,
    scores: dict[str, Vector],
    *,
    patient: NDArray[np.str_],
    resamples: int,
    seed: int,
    measures: dict[str, Measure] = RANKING,
    against: str | None = None,
) -> dict[str, Any]:
    """Every measure of every score with its 95 % interval over patients; differences to the score ``against``.

    None where a measure is not defined. ``prevalence`` is what an AUPRC is to be read beside.
    Raises ValueError when the labels are of one class.
    """
    events = int(label.sum())
    if not 0 < events < len(label):
        raise ValueError(f"{len(label)} rows, {events} events: both classes are needed")
    draws = patient_resamples(patient, label, resamples=resamples, seed=seed)
    found: dict[str, dict[str, Vector]] = {
        name: {m: np.array([measure(label[at], score[at]) for at in draws]) for m, measure in measures.items()}
        for name, score in scores.items()
    }

    def estimate(value: float, drawn: Vector) -> dict[str, float | int] | None:
        defined = drawn[np.isfinite(drawn)]
        if not np.isfinite(value) or len(defined) < SMALLEST_SHARE * len(drawn):
            return None
        low, high = np.percentile(defined, [2.5, 97.5])
        return Estimate(value=value, low=float(low), high=float(high), n=len(label), events=events).to_json()

    out: dict[str, Any] = {
        "rows": len(label),
        "patients": len(np.unique(patient)),
        "events": events,
        "prevalence": round(float(label.mean()), 4),
        "scores": {
            name: {m: estimate(measure(label, score), found[name][m]) for m, measure in measures.items()}
            for name, score in scores.items()
        },
    }
    if against is not None:
        out["against"] = against
        out["differences"] = {
            name: {
                m: estimate(
                    measures[m](label, score) - measures[m](label, scores[against]), found[name][m] - found[against][m]
                )
                for m in ("auroc", "auprc")
            }
            for name, score in scores.items()
            if name != against
        }
    return out
