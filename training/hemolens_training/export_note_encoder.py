"""``export-note-encoder``: a local BERT-family checkpoint becomes a folder of ``models/encoders/``."""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hemolens_training.checkpoint import FAMILIES, Checkpoint, open_checkpoint
from hemolens_training.quantise import QUANTISATION_NAMES, Quantisation, quantise

ENCODER_VERSION = 1
GRAPH_FILE = "onnx/model_quantized.onnx"
#: Word pieces a chunk by default: what the shipped encoder was measured with.
DEFAULT_WORD_PIECES = 254
_SPECIAL_TOKENS = 2
_UNSTATED_LICENCE = "not stated by the checkpoint"


def export_note_encoder(
    *,
    checkpoint_folder: Path,
    out: Path,
    quantisation: Quantisation = "dynamic",
    max_word_pieces: int | None = None,
    licence: str | None = None,
    source: str | None = None,
    lower_case: bool | None = None,
    progress: Callable[[str], None] = lambda _text: None,
) -> Path:
    """Writes the encoder folder, whole or not at all, and returns it.

    The same checkpoint gives the same bytes. Raises FileExistsError when ``out`` exists, FileNotFoundError and
    ValueError where the checkpoint is not whole, not of the BERT family, or does not fit its tokenizer.
    """
    if out.exists():
        raise FileExistsError(f"{out} exists; an encoder is never overwritten")
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", out.name):
        raise ValueError(f"{out.name!r}: an encoder's name is of lower-case letters, digits, '.', '_' and '-'")
    checkpoint = open_checkpoint(checkpoint_folder, lower_case=lower_case)
    most = checkpoint.positions - _SPECIAL_TOKENS
    word_pieces = min(DEFAULT_WORD_PIECES, most) if max_word_pieces is None else max_word_pieces
    if not 1 <= word_pieces <= most:
        raise ValueError(f"{word_pieces} word pieces a chunk: the model reads 1 to {most} beside its special tokens")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as temporary:
        folder = Path(temporary) / "encoder"
        _write_folder(
            checkpoint,
            folder,
            encoder_id=out.name,
            quantisation=quantisation,
            word_pieces=word_pieces,
            licence=licence or checkpoint.licence or _UNSTATED_LICENCE,
            source=source or checkpoint_folder.resolve().name,
            progress=progress,
        )
        folder.rename(out)
    return out


def _write_folder(
    checkpoint: Checkpoint,
    folder: Path,
    *,
    encoder_id: str,
    quantisation: Quantisation,
    word_pieces: int,
    licence: str,
    source: str,
    progress: Callable[[str], None],
) -> None:
    from tokenizers import Tokenizer

    from hemolens_training.encoder_golden import cosines, golden
    from hemolens_training.encoder_graph import float_graph, open_session

    (folder / GRAPH_FILE).parent.mkdir(parents=True)
    _write_json(folder / "config.json", checkpoint.config, indent=2)
    _write_json(folder / "tokenizer_config.json", checkpoint.tokenizer_config, indent=2)
    _write_json(folder / "tokenizer.json", checkpoint.tokenizer)
    progress(f"tracing {checkpoint.family}, {checkpoint.config['num_hidden_layers']} layers of {checkpoint.dimension}")
    whole = float_graph(checkpoint)
    progress(f"quantising: {quantisation}")
    small = quantise(whole, quantisation)
    (folder / GRAPH_FILE).write_bytes(small.SerializeToString(deterministic=True))
    progress("golden texts")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    found = golden(tokenizer, open_session(small), max_word_pieces=word_pieces)
    if not found["texts"]:
        raise ValueError(f"{word_pieces} word pieces hold no golden text")
    _write_json(folder / "golden.json", found)
    fidelity = cosines(found, open_session(whole))
    about = {
        "encoderVersion": ENCODER_VERSION,
        "id": encoder_id,
        "architecture": FAMILIES[checkpoint.family],
        "dimension": checkpoint.dimension,
        "maxWordPieces": word_pieces,
        "pooling": "mean",
        "normalised": True,
        "quantisation": QUANTISATION_NAMES[quantisation],
        "source": source,
        "licence": licence,
    }
    text = _attribution(checkpoint, about=about, fidelity=fidelity)
    (folder / "ATTRIBUTION.md").write_text(text, encoding="utf-8")
    for path in sorted(checkpoint.folder.glob("LICENSE*")):
        shutil.copyfile(path, folder / path.name)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    about["files"] = {path.relative_to(folder).as_posix(): _described(path) for path in files}
    _write_json(folder / "encoder.json", about, indent=2)


def _attribution(checkpoint: Checkpoint, *, about: dict[str, Any], fidelity: list[float]) -> str:
    weights = "\n".join(f"- `{name}`, sha256 `{digest}`" for name, digest in sorted(checkpoint.weights.items()))
    mean = sum(fidelity) / len(fidelity)
    return f"""# {about["id"]}

Weights: {about["source"]}
Licence of the weights: {about["licence"]}

Made by `python -m hemolens_training export-note-encoder` from

{weights}

Changed against the original: 8-bit weights ({about["quantisation"]}), layers above the last hidden state left
out, truncation and padding of the tokenizer switched off.
Cosine with the float32 model over {len(fidelity)} made-up texts: lowest {min(fidelity):.4f}, mean {mean:.4f}.
"""


def _write_json(path: Path, content: object, *, indent: int | None = None) -> None:
    separators = (",", ":") if indent is None else None
    text = json.dumps(content, ensure_ascii=False, indent=indent, separators=separators)
    path.write_text(text + "\n", encoding="utf-8")


def _described(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def add_arguments(command: argparse.ArgumentParser) -> None:
    """The options of ``export-note-encoder``."""
    command.add_argument("--from", type=Path, required=True, dest="checkpoint", help="local checkpoint folder")
    command.add_argument("--out", type=Path, required=True, help="models/encoders/NAME; never overwritten")
    command.add_argument("--quantise", choices=list(QUANTISATION_NAMES), default="dynamic", help="default: dynamic")
    command.add_argument("--max-word-pieces", type=int, help="a chunk's length; default 254, or what the model reads")
    command.add_argument("--licence", help="licence of the weights; default: the model card's")
    command.add_argument("--source", help="where the weights are from; default: the folder's name")
    case = command.add_mutually_exclusive_group()
    case.add_argument("--lower-case", action="store_true", default=None, help="a bare vocab.txt is of lower-case words")
    case.add_argument("--cased", action="store_false", dest="lower_case", help="a bare vocab.txt keeps the case")


def run_command(options: argparse.Namespace, *, progress: Callable[[str], None]) -> Path:
    """``export-note-encoder`` with parsed options."""
    return export_note_encoder(
        checkpoint_folder=options.checkpoint,
        out=options.out,
        quantisation=options.quantise,
        max_word_pieces=options.max_word_pieces,
        licence=options.licence,
        source=options.source,
        lower_case=options.lower_case,
        progress=progress,
    )
