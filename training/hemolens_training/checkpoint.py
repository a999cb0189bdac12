"""A local BERT-family checkpoint: configuration, tokenizer and weights, read without any network.

``transformers`` and ``torch`` are imported where the weights are needed; the refusals come before that.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: model_type → the class of ``config.json`` that the exported graph stands for.
FAMILIES = {"bert": "BertModel", "modernbert": "ModernBertModel"}
#: What a configuration has that was written before ``model_type`` was.
_OLD_BERT_KEYS = {
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "type_vocab_size",
    "max_position_embeddings",
}
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
#: Members of tokenizer_config.json that say nothing of the tokenizer, or switch on what must be off.
_TOKENIZER_NOISE = (
    "name_or_path",
    "_name_or_path",
    "special_tokens_map_file",
    "tokenizer_file",
    "auto_map",
    "max_length",
    "truncation_side",
    "truncation_strategy",
    "stride",
    "padding",
    "padding_side",
    "pad_to_multiple_of",
)


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What is known of a checkpoint before its weights are read."""

    folder: Path
    family: str
    config: dict[str, Any]
    #: tokenizer.json without truncation and padding.
    tokenizer: dict[str, Any]
    tokenizer_config: dict[str, Any]
    #: File → sha256 of everything that holds weights.
    weights: dict[str, str]
    licence: str | None

    @property
    def positions(self) -> int:
        """The longest sequence the model reads, special tokens included."""
        return int(self.config["max_position_embeddings"])

    @property
    def dimension(self) -> int:
        """Numbers in an embedding."""
        return int(self.config["hidden_size"])


def open_checkpoint(folder: Path, *, lower_case: bool | None = None) -> Checkpoint:
    """Reads and checks everything but the weights.

    ``lower_case`` decides for a tokenizer that is a bare ``vocab.txt``; by default its ``tokenizer_config.json`` does,
    and without that the vocabulary: one with upper-case words is cased. Raises FileNotFoundError on what is missing and
    ValueError on what does not fit.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is no folder: --from takes a downloaded checkpoint, not the name of a model")
    config = _read_json(folder / "config.json", missing=f"{folder} has no config.json: not a checkpoint folder")
    family = _family(config, folder)
    weights = _weights(folder)
    tokenizer_config_path = folder / "tokenizer_config.json"
    tokenizer_config = _read_json(tokenizer_config_path) if tokenizer_config_path.exists() else {}
    tokenizer = _tokenizer(folder, family=family, tokenizer_config=tokenizer_config, lower_case=lower_case)
    _check_vocabulary(tokenizer, config)
    return Checkpoint(
        folder=folder,
        family=family,
        config=_clean_config(config, family),
        tokenizer=tokenizer,
        tokenizer_config=_clean_tokenizer_config(tokenizer_config, tokenizer, config, family),
        weights=weights,
        licence=_licence(folder),
    )


def load_weights(checkpoint: Checkpoint) -> Any:  # noqa: ANN401 - a torch module of transformers
    """The float32 model in evaluation mode with plain attention; ValueError when the file lacks weights of it."""
    os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
    import safetensors
    import torch

    # Its thousands of modules are none of the type checker's business.
    transformers: Any = importlib.import_module("transformers")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    known = {key: value for key, value in checkpoint.config.items() if key != "architectures"}
    config = transformers.AutoConfig.for_model(known.pop("model_type"), **known)
    settings: dict[str, Any] = {"attn_implementation": "eager", "dtype": torch.float32}
    if checkpoint.family == "bert":
        settings["add_pooling_layer"] = False
    model_class = getattr(transformers, FAMILIES[checkpoint.family])
    try:
        model, found = model_class.from_pretrained(
            checkpoint.folder, config=config, local_files_only=True, output_loading_info=True, **settings
        )
    except (OSError, RuntimeError, safetensors.SafetensorError) as error:
        raise ValueError(f"{checkpoint.folder}: the weights cannot be read: {error}") from error
    missing = sorted(found["missing_keys"])
    if missing:
        raise ValueError(f"the checkpoint lacks {len(missing)} weights of a {model_class.__name__}, e.g. {missing[0]}")
    return model.float().eval()


def _family(config: dict[str, Any], folder: Path) -> str:
    family = config.get("model_type")
    if family is None and config.keys() >= _OLD_BERT_KEYS:
        family = "bert"
    if family not in FAMILIES:
        known = ", ".join(FAMILIES)
        raise ValueError(f"{folder / 'config.json'}: model_type {family!r} is not of the BERT family ({known})")
    if family == "bert" and config.get("position_embedding_type", "absolute") != "absolute":
        raise ValueError(f"position_embedding_type {config['position_embedding_type']!r}: only absolute is exported")
    if config.get("is_decoder"):
        raise ValueError("is_decoder is true: a decoder gives no embedding of a whole text")
    return str(family)


def _weights(folder: Path) -> dict[str, str]:
    first = next((name for name in _WEIGHTS if (folder / name).exists()), None)
    if first is None:
        raise FileNotFoundError(f"{folder} has no weights ({' or '.join(_WEIGHTS[::2])})")
    files = [first]
    if first.endswith(".index.json"):
        files = sorted(set(_read_json(folder / first)["weight_map"].values()))
    return {name: _sha256(folder / name) for name in files}


def _tokenizer(
    folder: Path, *, family: str, tokenizer_config: dict[str, Any], lower_case: bool | None
) -> dict[str, Any]:
    if (folder / "tokenizer.json").exists():
        tokenizer = _read_json(folder / "tokenizer.json")
    elif family == "bert" and (folder / "vocab.txt").exists():
        tokenizer = _word_piece(folder / "vocab.txt", tokenizer_config=tokenizer_config, lower_case=lower_case)
    else:
        vocabulary = " and no vocab.txt" if family == "bert" else ""
        raise FileNotFoundError(f"{folder} has no tokenizer.json{vocabulary}: no tokenizer")
    return {**tokenizer, "truncation": None, "padding": None}


def _word_piece(path: Path, *, tokenizer_config: dict[str, Any], lower_case: bool | None) -> dict[str, Any]:
    """A bare vocabulary as the tokenizer.json that BERT's own tokenizer amounts to."""
    words = path.read_text(encoding="utf-8").splitlines()
    vocabulary = {word: at for at, word in enumerate(words)}
    special = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    absent = [token for token in special if token not in vocabulary]
    if absent:
        raise ValueError(f"{path} lacks {', '.join(absent)}: not a BERT vocabulary")
    if lower_case is None:
        stated = tokenizer_config.get("do_lower_case")
        lower_case = bool(stated) if stated is not None else not _has_upper_case(words)
    added = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    tokens = {token: {"id": token, "ids": [vocabulary[token]], "tokens": [token]} for token in ("[CLS]", "[SEP]")}
    first = [
        {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
        {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
    ]
    second = [{"Sequence": {"id": "B", "type_id": 1}}, {"SpecialToken": {"id": "[SEP]", "type_id": 1}}]
    return {
        "version": "1.0",
        "added_tokens": [
            {"id": at, "content": token, **added} for at, token in sorted((vocabulary[word], word) for word in special)
        ],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": bool(tokenizer_config.get("tokenize_chinese_chars", True)),
            "strip_accents": tokenizer_config.get("strip_accents"),
            "lowercase": lower_case,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": first,
            "pair": [*first, *second],
            "special_tokens": tokens,
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": vocabulary,
        },
    }


def _has_upper_case(words: list[str]) -> bool:
    return any(re.fullmatch(r"[A-Z][A-Za-z]+", word) for word in words)


def _check_vocabulary(tokenizer: dict[str, Any], config: dict[str, Any]) -> None:
    vocabulary = tokenizer.get("model", {}).get("vocab")
    if not isinstance(vocabulary, dict) or not vocabulary:
        raise ValueError("tokenizer.json holds no vocabulary: neither WordPiece nor BPE")
    largest = max([*vocabulary.values(), *(token["id"] for token in tokenizer.get("added_tokens", []))])
    rows = int(config["vocab_size"])
    if largest >= rows:
        raise ValueError(
            f"the tokenizer gives ids up to {largest}, the model knows {rows}: they do not belong together"
        )


def _clean_config(config: dict[str, Any], family: str) -> dict[str, Any]:
    kept = {key: value for key, value in config.items() if not key.startswith("_") and key != "auto_map"}
    return {**kept, "model_type": family, "architectures": [FAMILIES[family]]}


def _clean_tokenizer_config(
    tokenizer_config: dict[str, Any], tokenizer: dict[str, Any], config: dict[str, Any], family: str
) -> dict[str, Any]:
    kept = {key: value for key, value in tokenizer_config.items() if key not in _TOKENIZER_NOISE}
    kept["tokenizer_class"] = "BertTokenizer" if family == "bert" else "PreTrainedTokenizerFast"
    kept["model_max_length"] = int(config["max_position_embeddings"])
    if family == "bert":
        roles = ("unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
        for role, token in zip(roles, ("[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"), strict=True):
            kept.setdefault(role, token)
        normalizer = tokenizer.get("normalizer") or {}
        if "lowercase" in normalizer:
            kept["do_lower_case"] = normalizer["lowercase"]
    return kept


def _licence(folder: Path) -> str | None:
    """``license:`` of the model card's front matter."""
    card = folder / "README.md"
    if not card.exists():
        return None
    front = re.match(r"\A---\n(.*?)\n---", card.read_text(encoding="utf-8"), re.DOTALL)
    found = re.search(r"^license:\s*[\"']?([\w.+-]+)", front.group(1), re.MULTILINE) if front else None
    return found.group(1) if found else None


def _read_json(path: Path, *, missing: str | None = None) -> dict[str, Any]:
    if missing is not None and not path.exists():
        raise FileNotFoundError(missing)
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError(f"{path} is no JSON object")
    return content


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
