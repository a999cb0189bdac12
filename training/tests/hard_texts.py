"""Texts that tokenizers disagree on: corners of Unicode, numbers, blanks of de-identification, control characters."""

from __future__ import annotations

import numpy as np

BY_HAND = (
    "",
    " ",
    "\t\r\n\u0000\u0007\ufffd",
    "Haemoglobin 6.8 g/dl\u00a0\u2009\u202f\u3000transfuse",
    "ΟΔΟΣ ΠΑΤΡΟΣ σς Σ ΑΣ. ΑΣ, ὈΔΥΣΣΕΎΣ",
    "İstanbul ISTANBUL ıi ß ẞ ſ ŉ ǰ ΐ ﬁ ﬂ ﬀ",
    "cafe\u0301 e\u0301\u0327\u0323 a\u0308\u0304 \u0301alone n\u0303",
    "ᾳ ᾼ ᾈ ῼ ώ ὰ ά",
    "½ ¼ ⅓ 10⁄3 x² x₂ m³ 10⁻³ µg μg Ω Å K ℃ ㎎ ㎍ ㎖",
    "①②③ ⅣⅤ Ⅻ ㈱ ㍿ ﷺ",
    "輸血 红细胞 輸血後に発熱 수혈 반응 ｶﾞｷﾞ ﾊﾟ 々〇〆",
    "👍🏽 👩‍⚕️ 🩸🩸 ❤️ ☠️ 🇬🇧 1️⃣",
    "مريض يحتاج نقل دم المريضُ لَا",
    "החולה מקבל דם בּ שׁ",
    "रोगी को रक्त ผู้ป่วย ຄົນ မြန်မာ",
    "\u200b\u200c\u200d\ufeffzero\u200bwidth\u00adsoft\u2060joiner",
    "\u202eright to left\u202c \u061c",
    "[CLS] [SEP] [PAD] [UNK] [MASK] [cls] <s> </s> <|endoftext|> [CLS][SEP]",
    "[**2150-3-4**] [**Hospital1 18**] [**Last Name (un)**] [** **] [***]",
    "___ ____ _ __ Dr.___ ___-year-old on ___, MRN ________",
    "XXXX xxxx XXX **** [REDACTED] <NAME> [date 12] xX xxx",
    "0 00 1e-3 1,000.50 1.000,50 12:30 12/31/2101 3-4 -5 +6 ±7 ~8 >9 <10 ≥11 ≤12 99999999999",
    "a-b a–b a—b a―b a−b a‐b a‑b a_b a__b",
    "“quoted” ‘x’ «y» „z“ … ‥ • · ‧ ・ ‣ ° º ª",
    "$ £ € ¥ ₩ ₿ ¢ ¤ © ® ™ § ¶ † ‡ ※ № ℞",
    "→ ← ↑ ↓ ⇒ ∆ ∑ √ ∞ ≈ ≠ ∅ ⊕ ▲ ▼ ■ □ ✓ ✗ ★",
    "\ud800 lone \udfff surrogates",
    "\U0001d400\U0001d7d8 \U00020000 \U0002a6d6 \U0001f469 \U000e0041 \U0010ffff",
    "\u0378 \u0530 \u0557 \u2fe0 \ufdd0 \uffff \ue000",
    "word" * 60,
    "9" * 120,
    "é" * 120,
    "血" * 300,
    "\u0301" * 50,
    ("Platelets 14 x 10^9/l; " * 120).strip(),
)

_BLOCKS = (
    (0x00, 0x7F),
    (0x80, 0x24F),
    (0x250, 0x36F),
    (0x370, 0x52F),
    (0x530, 0x8FF),
    (0x900, 0x1AFF),
    (0x1B00, 0x1FFF),
    (0x2000, 0x2BFF),
    (0x2C00, 0x33FF),
    (0x3400, 0xD7FF),
    (0xD800, 0xDFFF),
    (0xE000, 0xFFFF),
    (0x10000, 0x10FFFF),
)


def hard_texts(*, count: int, seed: int) -> list[str]:
    """The texts above, then strings of code points of one to three blocks among clinical words."""
    rng = np.random.default_rng(seed)
    words = ("Hb", "6.8", "transfuse", "PLT", "on", "___", "β-blocker", "37,5", "q4h", "S/P")
    texts = list(BY_HAND)
    while len(texts) < count:
        parts: list[str] = []
        blocks = rng.choice(len(_BLOCKS), size=int(rng.integers(1, 4)))
        for _ in range(int(rng.integers(3, 25))):
            low, high = _BLOCKS[int(rng.choice(blocks))]
            points = rng.integers(low, high + 1, size=int(rng.integers(1, 6)))
            parts.append("".join(map(chr, points.tolist())))
            if rng.random() < 0.4:
                parts.append(str(rng.choice(words)))
            if rng.random() < 0.5:
                parts.append(" ")
        texts.append("".join(parts))
    return texts[:count]
