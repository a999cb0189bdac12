"""What serving makes of texts: one call of Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def encode_in_node(encoder: Path, texts: list[str], *, embed: int = 0) -> dict[str, Any]:
    """``normalised``, ``ids`` and ``vectors`` as serving has them; the encoder is verified on the way.

    Skips the test where there is no Node or nothing installed for it.
    """
    answer = run_encode(encoder, texts, embed=embed)
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    assert isinstance(found, dict)
    return found


def run_encode(encoder: Path, texts: list[str], *, embed: int = 0) -> subprocess.CompletedProcess[str]:
    """The same with the exit code left to the test."""
    if shutil.which("node") is None or not (REPOSITORY / "node_modules" / "tsx").exists():
        pytest.skip("needs Node and `npm ci`")
    return subprocess.run(
        ["node", "--import", "tsx", "bench/note-encoder/encode.ts", str(encoder.resolve())],
        cwd=REPOSITORY,
        input=json.dumps({"texts": texts, "embed": embed}),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
