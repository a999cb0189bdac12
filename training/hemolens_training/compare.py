"""``compare``: two scores of the same records, by the paired bootstrap."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from hemolens_training.judge import PROBABILISTIC, judge


def compare(*, first: Path, second: Path, labels: Path, label_column: str, resamples: int, seed: int) -> dict[str, Any]:
    """Two ``record_id,logit,…`` files against a label column of a third file (by record id in its first column).

    Raises ValueError when records are missing on either side.
    """
    known = {row[0]: int(float(row[label_column])) for row in _rows(labels)}
    scores = {str(path.stem): {row[0]: float(row["logit"]) for row in _rows(path)} for path in (first, second)}
    if len(scores) != 2:
        raise ValueError("the two files need different names")
    ids = sorted(set.intersection(*(set(own) for own in scores.values())) & set(known))
    lost = {name: len(own) - len(ids) for name, own in scores.items() if len(own) != len(ids)}
    if lost or not ids:
        raise ValueError(f"records without a partner or a label: {lost or 'all'}")
    return judge(
        np.array([known[i] for i in ids], dtype=np.int64),
        {name: np.array([own[i] for i in ids]) for name, own in scores.items()},
        patient=np.array(ids),
        resamples=resamples,
        seed=seed,
        measures=PROBABILISTIC,
        against=first.stem,
    )


def _rows(path: Path) -> list[dict[Any, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        first = (reader.fieldnames or [""])[0]
        return [{**row, 0: row[first]} for row in reader]
