"""``python -m hemolens_training.ensemble.fit_unit RUN DATASETS REPETITION FOLD``: one fit in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from hemolens_training.ensemble.folds import Unit, fit_unit, open_workshop


def main() -> None:
    """Fits the unit on one thread."""
    run, datasets, repetition, fold = sys.argv[1:]
    torch.set_num_threads(1)
    fit_unit(
        open_workshop(Path(run), Path(datasets)),
        Unit(repetition=int(repetition), fold=int(fold)),
        progress=lambda text: print(text, flush=True),
    )


if __name__ == "__main__":
    main()
