/** A verified note encoder: texts in, vectors out, on threads of its own. */
export interface NoteEncoder {
  readonly id: string;
  /** sha256 of its `encoder.json`. */
  readonly sha256: string;
  readonly dimension: number;
  readonly maxWordPieces: number;
  readonly architecture: string;
  readonly quantisation: string;
  /**
   * Vectors of a text's pieces, in the order of the text: normalised, cut to what the encoder reads at once, each piece
   * embedded alone or taken from the cache. Empty for a text of nothing but white space.
   */
  embed(text: string): Promise<readonly Float32Array[]>;
  /** Token ids as the encoder sees them, special tokens included; the text is taken as it is. */
  tokenIds(text: string): Promise<readonly number[]>;
  /** Ends its threads; texts that are waiting are rejected. */
  close(): Promise<void>;
}

/** `encoder.json` */
export interface EncoderManifest {
  readonly encoderVersion: 1;
  readonly id: string;
  readonly architecture: string;
  readonly dimension: number;
  /** Without special tokens. */
  readonly maxWordPieces: number;
  readonly pooling: 'mean';
  readonly normalised: true;
  readonly quantisation: string;
  readonly source: string;
  readonly licence: string;
  /** Every file of the folder but `encoder.json`. */
  readonly files: Readonly<Record<string, { readonly sha256: string; readonly bytes: number }>>;
}

/** The encoder's `golden.json`: texts, already normalised, with what they become. */
export interface EncoderGolden {
  readonly texts: readonly {
    readonly text: string;
    readonly inputIds: readonly number[];
    readonly embedding: readonly number[];
  }[];
  readonly tolerance: { readonly cosine: number };
}
