/** What is said where nobody has looked: an attribute is never left out. */
export const NOT_EVALUATED = 'not evaluated';

/** One of the 31 source attributes of ONC HTI-1, 45 CFR 170.315(b)(11)(iv)(B). */
export interface SourceAttribute {
  /** 1 to 31. */
  readonly number: number;
  readonly category: string;
  readonly name: string;
  /** Sentences in plain text; `not evaluated`, where there is nothing, with the reason behind a colon where one is known. */
  readonly value: string;
  readonly isEvaluated: boolean;
}

/** The body of `GET /model-card`. */
export interface ModelCard {
  readonly model: { readonly id: string; readonly version: string; readonly title: string; readonly sha256: string };
  readonly outcome: string;
  readonly notice: string;
  /** Which list of attributes this is. */
  readonly rule: string;
  readonly attributes: readonly SourceAttribute[];
}
