"""Digests of the token ids that Python's tokenizers gives the normalised parity texts, for `token-parity.test.ts`.

node --import tsx test/ensemble/note-encoder/print-parity-texts.ts |
    .venv/bin/python test/ensemble/note-encoder/tokens_by_python.py > test/ensemble/note-encoder/token-digests.json
"""

from __future__ import annotations

import hashlib
import json
import sys

from tokenizers import Tokenizer

tokenizer = Tokenizer.from_file("models/encoders/minilm-l6-int8/tokenizer.json")
tokenizer.no_truncation()
tokenizer.no_padding()
digests = [
    hashlib.sha256(" ".join(map(str, tokenizer.encode(text).ids)).encode()).hexdigest()[:10]
    for text in json.load(sys.stdin)
]
json.dump(digests, sys.stdout, indent=2)
print()
