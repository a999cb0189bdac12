"""A run folder: everything one run made, refused when it exists, finished by ``DONE``."""

from __future__ import annotations

import json
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

_PACKAGES = ("hemolens-training", "lightgbm", "numpy", "onnx", "onnxruntime", "pyarrow", "scikit-learn", "scipy")


def create_folder(path: Path) -> Path:
    """Makes the folder; raises FileExistsError when it is there already."""
    if path.exists():
        raise FileExistsError(f"{path} exists already: choose another folder, nothing is overwritten")
    path.mkdir(parents=True)
    return path


def require_done(path: Path) -> Path:
    """The folder, if it is finished; raises ValueError otherwise."""
    if not (path / "DONE").exists():
        raise ValueError(f"{path}: not a finished run (no DONE)")
    return path


def finish(path: Path) -> None:
    """Writes ``DONE``, the last file."""
    (path / "DONE").write_text("", encoding="utf-8")


def write_json(path: Path, content: object, *, indent: int | None = 2) -> None:
    """Plain JSON without NaN, ending in a newline."""
    separators = None if indent else (",", ":")
    text = json.dumps(content, indent=indent, separators=separators, allow_nan=False, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:  # noqa: ANN401 - the caller knows what it wrote
    """What :func:`write_json` wrote."""
    return json.loads(path.read_text(encoding="utf-8"))


def provenance(*, seed: int, dataset_sha256: str) -> dict[str, Any]:
    """What a run rests on: commit, dataset, seed, versions."""
    return {
        "gitCommit": _git("rev-parse", "HEAD"),
        "gitDirty": _git("status", "--porcelain", "--untracked-files=no", "--", "training", "src") != "",
        "datasetSha256": dataset_sha256,
        "seed": seed,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _PACKAGES},
    }


def _git(*arguments: str) -> str:
    root = Path(__file__).resolve().parents[2]
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()
