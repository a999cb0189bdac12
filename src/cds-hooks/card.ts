/** CDS Hooks card as this service sends it. @see requirements 39–47 */
export interface Card {
  readonly uuid: string;
  /** At most 139 characters. */
  readonly summary: string;
  readonly indicator: 'info' | 'warning' | 'critical';
  /** GitHub-flavoured Markdown, no HTML, no tables; plain HTML for a client registered with that dialect. */
  readonly detail: string;
  readonly source: {
    readonly label: string;
    readonly url?: string;
    readonly topic: CardCoding;
  };
  /** Reasons a client may offer to those who go on in spite of the card. */
  readonly overrideReasons?: readonly CardCoding[];
  readonly links?: readonly CardLink[];
  readonly extension?: Readonly<Record<string, unknown>>;
}

/** Codings of cards have all three members. @see requirement 45 */
export interface CardCoding {
  readonly system: string;
  readonly code: string;
  readonly display: string;
}

export interface CardLink {
  readonly label: string;
  readonly url: string;
  readonly type: 'absolute' | 'smart';
  readonly appContext?: string;
}

export interface CdsResponse {
  readonly cards: readonly Card[];
}
