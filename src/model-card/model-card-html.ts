import { createHash } from 'node:crypto';
import type { ModelCard, SourceAttribute } from './model-card.js';

const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin-bottom: 2rem; }
caption { text-align: left; font-weight: bold; font-size: 1.15rem; padding: 0.5rem 0; }
th, td { border: 1px solid GrayText; padding: 0.3rem 0.6rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th[scope="row"] { font-weight: normal; width: 35%; }
td p { margin: 0 0 0.4rem; }
.none { font-style: italic; }
@media print { body { margin: 0; max-width: none; } tr { break-inside: avoid; } caption { break-after: avoid; } }
`;

/** What the page may do: show its own style, and nothing else. */
export const MODEL_CARD_CSP = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** The model card as one page that prints: no script, nothing loaded. */
export function modelCardHtml({ model, outcome, notice, rule, attributes }: ModelCard): string {
  const categories = [...new Set(attributes.map(({ category }) => category))];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Model card: ${escaped(model.title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Model card: ${escaped(model.title)}</h1>
<p role="note"><strong>${escaped(notice)}</strong></p>
<p>Predicts: ${escaped(outcome)}. Model <code>${escaped(model.id)}</code>, version <code>${escaped(model.version)}</code>, sha256 <code>${escaped(model.sha256)}</code>.</p>
<p>${escaped(rule)}.</p>
${categories.map((category) => table(category, attributes)).join('\n')}
</main>
</body>
</html>
`;
}

function table(category: string, attributes: readonly SourceAttribute[]): string {
  const rows = attributes.filter((attribute) => attribute.category === category).map(row);
  return `<table>
<caption>${escaped(category)}</caption>
<tbody>
${rows.join('\n')}
</tbody>
</table>`;
}

function row({ number, name, value, isEvaluated }: SourceAttribute): string {
  const paragraphs = value.split('\n').map((text) => `<p${isEvaluated ? '' : ' class="none"'}>${escaped(text)}</p>`);
  return `<tr><th scope="row">${number}. ${escaped(name)}</th><td>${paragraphs.join('')}</td></tr>`;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
