"""Splits that depend on the patient's identifier and a salt only: adding or removing patients moves nobody else."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def unit_hash(patient: str, *, salt: str) -> float:
    """A number in [0, 1) that stands for a patient under a salt.

    >>> unit_hash("132539", salt="x") == unit_hash("132539", salt="x")
    True
    >>> unit_hash("132539", salt="x") == unit_hash("132539", salt="y")
    False
    """
    digest = hashlib.sha256(f"{salt}:{patient}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def assign_folds(patients: Sequence[str] | NDArray[np.str_], *, folds: int, salt: str) -> NDArray[np.int64]:
    """Fold 0 … folds−1 of every row; rows of one patient share it."""
    return np.array([int(unit_hash(str(patient), salt=salt) * folds) for patient in patients], dtype=np.int64)


def in_share(patients: Sequence[str] | NDArray[np.str_], *, share: float, salt: str) -> NDArray[np.bool_]:
    """Which rows belong to the given share of patients."""
    return np.array([unit_hash(str(patient), salt=salt) < share for patient in patients], dtype=np.bool_)
