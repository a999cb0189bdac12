"""Made-up clinical texts, already normalised, by which a loaded encoder is checked: their tokens and embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from hemolens_training.encoder_graph import embed

COSINE_TOLERANCE = 0.9999

_LONG = (
    "HOSPITAL COURSE: The patient was brought to the operating room for emergent repair of a ruptured abdominal aortic "
    "aneurysm and came to the unit intubated and on two vasopressors. Over the first night she received 6 units of "
    "packed red cells, 4 units of plasma and one apheresis platelet unit; the lactate fell from 9.4 to 3.1 mmol/l and "
    "the haemoglobin rose from 6.1 to 8.9 g/dl. Urine output stayed under 20 ml per hour and continuous dialysis was "
    "begun on day 2. On day 3 the abdomen was closed, the sedation lightened, and she moved all four limbs to command. "
    "Cultures grew Klebsiella pneumoniae and the antibiotics were narrowed. "
)

TEXTS = (
    "Haemoglobin 6.8 g/dl, transfuse 2 units of red cells.",
    "Melena since yesterday, dizzy on standing. BP 84/42, HR 128, cool extremities, cap refill 4 s.",
    "Pt _ , seen by Dr. _ on _ at _ . MRN: _",
    "INR 3.4, PTT 71.2 sec, fibrinogen 89 mg/dl, platelets 14 x 10^9/l, D-dimer >20.0",
    "Café-au-lait spots; naïve to β-blockers; mother née Müller; temp 38.5 °C; δ-storage pool disease",
    "Лихорадка 39 и озноб после переливания. ὁ ἰατρόσ. 輸血後に発熱",
    "s/p CABG x3 c/b tamponade -> OR, EF 25-30%, on milrinone 0.375 mcg/kg/min & vaso 0.04 u/min",
    "No acute distress. No bleeding. No transfusion required.",
    "!?;: () [] {} <> / \\ | @ # $ % ^ & * + = ~ ` ' \" - . ,",
    "methaemoglobinaemia pseudothrombocytopenia hydroxyethylstarch immunohaemolytic cryoprecipitate",
    "Goals of care: family meeting held, DNR/DNI, comfort measures if no improvement by the morning.",
    "1. Sepsis 2. ARDS, FiO2 0.8, PEEP 14, P/F 92 3. AKI, Cr 1.1 - 2.4 - 3.9 4. DIC",
    _LONG,
    _LONG * 3,
)


def golden(tokenizer: Tokenizer, session: onnxruntime.InferenceSession, *, max_word_pieces: int) -> dict[str, Any]:
    """``golden.json``: every text, cut to the words the encoder reads at once, with its token ids and embedding."""
    texts = []
    for whole in TEXTS:
        text = _first_words(tokenizer, whole, max_word_pieces)
        if text == "":
            continue
        ids = tokenizer.encode(text).ids
        embedding = [round(float(value), 8) for value in embed(session, ids)]
        texts.append({"text": text, "inputIds": ids, "embedding": embedding})
    return {"texts": texts, "tolerance": {"cosine": COSINE_TOLERANCE}}


def cosines(found: dict[str, Any], session: onnxruntime.InferenceSession) -> list[float]:
    """Cosine of each golden embedding with another session's embedding of the same tokens."""
    return [
        float(np.dot(np.asarray(text["embedding"]), embed(session, text["inputIds"]).astype(np.float64)))
        for text in found["texts"]
    ]


def _first_words(tokenizer: Tokenizer, text: str, most: int) -> str:
    words = text.split()
    while words and len(tokenizer.encode(" ".join(words), add_special_tokens=False).ids) > most:
        words.pop()
    return " ".join(words)
