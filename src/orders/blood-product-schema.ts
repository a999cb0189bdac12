import { Ajv } from 'ajv';
import { PRODUCT_CLASSES, type ProductClass } from './product-class.js';

/** A: read in an HL7 or government artefact. B: two or more public sources. C: not confirmed. site: from an overlay. */
export type EvidenceLevel = 'A' | 'B' | 'C';

export interface CodeRow {
  readonly system: string;
  readonly code: string;
  readonly display: string;
  readonly class: ProductClass;
  readonly evidence: EvidenceLevel;
  readonly note?: string;
}

/** `blood-products.json`: `system` of a row is a key of `systems`. */
export interface BloodProductsFile {
  readonly tableVersion: 1;
  readonly evidence: Readonly<Record<EvidenceLevel, string>>;
  readonly systems: Readonly<Record<string, { readonly uri: string; readonly aliases: readonly string[] }>>;
  readonly patterns: readonly (Omit<CodeRow, 'code'> & { readonly pattern: string })[];
  readonly codes: readonly CodeRow[];
}

/** What a text-only match does: nothing but a log line, an info card, or a score for an unspecified product. */
export type TextOnlyPolicy = 'ignore' | 'report' | 'fire';
export const TEXT_ONLY_POLICIES: readonly TextOnlyPolicy[] = ['ignore', 'report', 'fire'];

export interface ScreeningPolicy {
  readonly textOnly: TextOnlyPolicy;
  /** Are rows of evidence level C used? */
  readonly includeUnverified: boolean;
  /** Drafts with these intents are not orders. */
  readonly ignoredIntents: readonly string[];
}

/** A site's overlay file: its own codes, and codes of ours it judges otherwise. */
export interface OverlayFile {
  readonly overlayVersion: 1;
  readonly site?: string;
  readonly codes?: readonly {
    readonly system: string;
    readonly code: string;
    readonly display: string;
    readonly class: ProductClass;
    readonly note?: string;
  }[];
  readonly policy?: Partial<ScreeningPolicy>;
}

const ajv = new Ajv({ allErrors: false });
const filled = { type: 'string', minLength: 1 };
const productClass = { enum: PRODUCT_CLASSES };

const row = {
  system: filled,
  display: filled,
  class: productClass,
  evidence: { enum: ['A', 'B', 'C'] },
  note: filled,
};

/** Checks the shipped table. */
export const isBloodProductsFile = ajv.compile<BloodProductsFile>({
  type: 'object',
  additionalProperties: false,
  required: ['tableVersion', 'evidence', 'systems', 'patterns', 'codes'],
  properties: {
    tableVersion: { const: 1 },
    evidence: { type: 'object', required: ['A', 'B', 'C'], additionalProperties: filled },
    systems: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        required: ['uri', 'aliases'],
        properties: { uri: filled, aliases: { type: 'array', items: filled } },
      },
    },
    patterns: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['system', 'pattern', 'display', 'class', 'evidence'],
        properties: { ...row, pattern: filled },
      },
    },
    codes: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['system', 'code', 'display', 'class', 'evidence'],
        properties: { ...row, code: filled },
      },
    },
  },
});

/** Checks a site overlay; unknown members are errors, so that a misspelt one is not silently without effect. */
export const isOverlayFile = ajv.compile<OverlayFile>({
  type: 'object',
  additionalProperties: false,
  required: ['overlayVersion'],
  properties: {
    overlayVersion: { const: 1 },
    site: filled,
    codes: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['system', 'code', 'display', 'class'],
        properties: { system: filled, code: filled, display: filled, class: productClass, note: filled },
      },
    },
    policy: {
      type: 'object',
      additionalProperties: false,
      properties: {
        textOnly: { enum: TEXT_ONLY_POLICIES },
        includeUnverified: { type: 'boolean' },
        ignoredIntents: { type: 'array', items: filled },
      },
    },
  },
});
