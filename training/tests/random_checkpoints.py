"""Checkpoints of random weights in the layout of real ones, made by the transformers library."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from tokenizers.normalizers import NFC

from hemolens_training.encoder_golden import TEXTS

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def bert(
    folder: Path,
    *,
    layers: int = 2,
    size: int = 32,
    heads: int = 4,
    positions: int = 128,
    vocabulary: int | None = None,
    cased: bool = False,
    weights: str = "safetensors",
    pooler: bool = True,
) -> Path:
    """A BERT with a bare ``vocab.txt``, as Bio_ClinicalBERT comes; ``weights``: safetensors or bin."""
    import torch
    import transformers

    words = word_pieces(cased=cased)
    config = transformers.BertConfig(
        vocab_size=vocabulary or len(words),
        hidden_size=size,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * size,
        max_position_embeddings=positions,
        # Wide enough for the layers to matter: 0.02 leaves little but the embeddings.
        initializer_range=0.05,
    )
    torch.manual_seed(7)
    _save(transformers.BertModel(config, add_pooling_layer=pooler), folder, weights)
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    return folder


def modern_bert(folder: Path) -> Path:
    """A ModernBERT with byte-level BPE and layers of local attention that is shorter than its texts."""
    import torch
    import transformers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    ids = {token: tokenizer.token_to_id(token) for token in SPECIAL}
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.enable_truncation(64)
    tokenizer.enable_padding(length=64, pad_token="[PAD]", pad_id=0)
    config = transformers.ModernBertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=4,
        num_attention_heads=4,
        max_position_embeddings=512,
        local_attention=16,
        global_attn_every_n_layers=3,
        pad_token_id=ids["[PAD]"],
        bos_token_id=ids["[CLS]"],
        eos_token_id=ids["[SEP]"],
        cls_token_id=ids["[CLS]"],
        sep_token_id=ids["[SEP]"],
        initializer_range=0.1,
    )
    torch.manual_seed(8)
    _save(transformers.ModernBertModel(config), folder, "safetensors")
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 10**30, "pad_token": "[PAD]"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


def word_pieces(*, cased: bool) -> list[str]:
    """A WordPiece vocabulary of the characters and some words of the golden texts."""
    plain = TEXTS if cased else tuple(text.lower() for text in TEXTS)
    characters = sorted({character for text in plain for character in text if not character.isspace()})
    words = sorted({word for text in plain for word in text.split() if word.isalpha() and word.isascii()})
    pieces = [*characters, *(f"##{character}" for character in characters), *(word for word in words if len(word) > 1)]
    return [*SPECIAL, *pieces]


def _save(model: Any, folder: Path, weights: str) -> None:
    import torch

    model.save_pretrained(folder)
    if weights == "bin":
        (folder / "model.safetensors").unlink()
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
