"""Serving (transformers.js) and training (tokenizers) read a text alike, and the same file gives the same vectors."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import onnx
import pytest
from hard_texts import hard_texts
from in_node import REPOSITORY, encode_in_node
from tokenizers import Tokenizer

from hemolens_training.encoder_golden import COSINE_TOLERANCE
from hemolens_training.encoder_graph import embed, open_session

ENCODER = REPOSITORY / "models" / "encoders" / "minilm-l6-int8"
NOTES = REPOSITORY.parent / "shared" / "data" / "dialog-notes-ccby"
SPECIAL_TOKENS = 2


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(ENCODER / "tokenizer.json"))


def _notes(folder: Path) -> list[str]:
    texts: list[str] = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            texts.extend(row.get("section_text") or row.get("note") or "" for row in csv.DictReader(file))
    return texts


def _differing(texts: list[str], tokenizer: Tokenizer) -> list[str]:
    found = encode_in_node(ENCODER, texts)
    expected = [encoding.ids for encoding in tokenizer.encode_batch(found["normalised"])]
    assert len(expected) == len(texts)
    return [
        f"{text!r} -> {normalised!r}"
        for text, normalised, ids, wanted in zip(texts, found["normalised"], found["ids"], expected, strict=True)
        if ids != wanted
    ]


def test_tokens_of_hard_texts_are_identical(tokenizer):
    assert _differing(hard_texts(count=2000, seed=5), tokenizer) == []


def test_tokens_of_clinical_notes_are_identical(tokenizer):
    if not NOTES.exists():
        pytest.skip(f"the clinical note corpora are not in ../shared/data/{NOTES.name}")
    texts = _notes(NOTES)
    assert len(texts) >= 1900
    assert _differing(texts, tokenizer) == []


def test_vectors_are_equal_in_python_and_in_node(tokenizer):
    texts = [text for text in hard_texts(count=60, seed=6) if text.strip()]
    texts = [
        "Hb 6.8, melena, transfuse 2 units",
        "No bleeding. No distress.",
        *texts,
    ]
    session = open_session(onnx.load(ENCODER / "onnx" / "model_quantized.onnx"))
    found = encode_in_node(ENCODER, texts, embed=len(texts))
    compared = 0
    for ids, vectors in zip(found["ids"], found["vectors"], strict=True):
        if len(vectors) != 1:
            continue
        compared += 1
        assert float(np.dot(embed(session, ids), np.asarray(vectors[0]))) >= COSINE_TOLERANCE
    assert compared >= 20


def test_truncation_and_padding_are_off(tokenizer):
    assert tokenizer.truncation is None
    assert tokenizer.padding is None
    assert len(tokenizer.encode("blood " * 700).ids) == 700 + SPECIAL_TOKENS
