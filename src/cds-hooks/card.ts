/** CDS Hooks card as this service sends it. @see requirements 39–47 */
export interface Card {
  readonly uuid: string;
  /** At most 139 characters. */
  readonly summary: string;
  readonly indicator: 'info' | 'warning' | 'critical';
  /** GitHub-flavoured Markdown, no HTML, no tables. */
  readonly detail: string;
  readonly source: {
    readonly label: string;
    readonly url?: string;
    readonly topic: { readonly system: string; readonly code: string; readonly display: string };
  };
  readonly links?: readonly CardLink[];
  readonly extension?: Readonly<Record<string, unknown>>;
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
