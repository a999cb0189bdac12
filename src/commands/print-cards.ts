import type { Terminal } from './command.js';

/** Prints the cards of a response as a person reads them: indicator, summary, detail. */
export function printCards(terminal: Terminal, response: unknown): void {
  const cards = cardsOf(response);
  if (cards.length === 0) terminal.out('no card');
  for (const { summary, indicator, detail, label } of cards) {
    terminal.out(`[${indicator}] ${summary}`);
    terminal.out('');
    for (const line of detail.split('\n'))
      terminal.out(
        `  ${line
          .replaceAll('**', '')
          .replaceAll('&lt;', '<')
          .replaceAll('&gt;', '>')
          .replaceAll('&amp;', '&')
          .replaceAll(/\\([\\`*_{}[\]<>()#+\-.!|~&])/g, '$1')}`,
      );
    terminal.out(`  ${label}`);
  }
}

interface PrintedCard {
  readonly summary: string;
  readonly indicator: string;
  readonly detail: string;
  readonly label: string;
}

function cardsOf(response: unknown): readonly PrintedCard[] {
  const cards = property(response, 'cards');
  if (!Array.isArray(cards)) return [];
  return cards.map((card: unknown) => ({
    summary: text(property(card, 'summary')),
    indicator: text(property(card, 'indicator')),
    detail: text(property(card, 'detail')),
    label: text(property(property(card, 'source'), 'label')),
  }));
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (Object.entries(value).find(([key]) => key === name)?.[1] as unknown)
    : undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
