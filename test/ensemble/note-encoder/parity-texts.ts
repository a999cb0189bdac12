/** Number of texts whose tokens were compared. */
export const PARITY_TEXTS = 2000;

const PHRASES = [
  'CHEST (PORTABLE AP) 3:45 AM: bilateral pleural effusions, L>R, w/ atelectasis.',
  'Pt. is a 67 y.o. male s/p CABG x3 on [**2150-3-4**] by Dr. [**Last Name (STitle) 123**].',
  'Hgb 7.2 g/dL (↓ from 9.1), plt 43 K/µL, INR 1.8; 2 u pRBC + 1 FFP given.',
  '___ yo F with ___, admitted from ___ on ___.',
  'IMPRESSION: No acute cardiopulmonary process. Discussed with <NAME> at 10:30pm on XX/XX/XXXX.',
  'BP 85/40, HR 118, T 38.5°C, SpO₂ 92 % on FiO₂ 0.6; lactate 6.1→4.2 mmol·L⁻¹',
  'ejection fraction 25–30 %, E/e′ ≥ 15, Δp/Δt reduced; PLT 12×10⁹/L, 10⁻³, NYHA Ⅲ, ½ tab q12h, 1½ L',
  'naïve Sjögren’s, Guillain–Barré, Ménière, “hemorrhage” … œdème aigu, Ångström',
  'ΟΔΥΣΣΕΥΣ Σ ΠΟΝΟΣ ΘΩΡΑΚΟΣ, боль в груди, İstanbul, Straße, ﬁbrin ﬂow',
  'WBC 12,400; Na+ 128; K+ 5.9!!! pH=7.21 ~ pCO2 55 >> MRN 0012345678 tel. 617-555-0199',
  '[REDACTED] <redacted> [NAME 12] ******** xxxx XXXX __ ____ [CLS] text [SEP] <pad> [MASK]',
  '出血 あり、輸血２単位。 혈압 90/60 ＡＢＣ１２３ ①②③ ㎎ ㏄ ㎜',
  'http://intranet.example.org/report?id=5&x=1 a_b c__d e-mail: someone@example.org',
];

const ODDITIES = [
  '\u0000', '\t', '\r\n', '\u000b', '\u001c', '\u0085', '\u00a0', '\u00ad', '\u200b', '\u200e', '\u2028', '\u3000',
  '\ufeff', '\ufffd', '\u0301', '\u034f', '\ue000', '\u{1f600}', '\u{20000}', '\ud800', '\u061d', '\u0967', '\u0e01', 'ς', 'Σ',
  '__', '[**', '**]', '<', '>', '[', ']', '##', "'", '’', '−', '—',
]; // prettier-ignore

/** Texts of clinical phrases, oddities and random code points; the same every time. */
export function parityTexts(): readonly string[] {
  const random = sequence(20_261_125);
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
  return Array.from({ length: PARITY_TEXTS }, (_none, at) => {
    const parts = Array.from({ length: 1 + Math.floor(random() * 6) }, () => {
      const phrase = pick(PHRASES) ?? '';
      const from = Math.floor(random() * phrase.length);
      const cut = random() < 0.4 ? phrase.slice(from, from + 25) : phrase;
      const odd = random() < 0.6 ? (pick(ODDITIES) ?? '') : '';
      const any = random() < 0.5 ? codePoints(random, at) : '';
      const number =
        random() < 0.5 ? (random() * 10 ** Math.floor(random() * 9)).toFixed(Math.floor(random() * 4)) : '';
      return random() < 0.5 ? `${cut}${odd}${number}${any}` : `${any}${cut.toUpperCase()}${number}${odd}`;
    });
    return parts.join(pick([' ', '', '\n', '\t ', '. ', '\u00a0']));
  });
}

function codePoints(random: () => number, at: number): string {
  const highest = at % 4 === 0 ? 0x110000 : at % 2 === 0 ? 0x3000 : 0x600;
  const length = 1 + Math.floor(random() * 4);
  return Array.from({ length }, () => String.fromCodePoint(Math.floor(random() * highest))).join('');
}

/** Lehmer's generator: numbers from 0 to 1. */
function sequence(seed: number): () => number {
  let state = seed % 2_147_483_647;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
