import type { ConformanceReport, RuleResult } from './conformance-report.js';
import { isObservable } from './requirement.js';
import { OBSERVABLE_REQUIREMENTS } from './observable-requirements.js';
import { coverageText } from './report-text.js';

const WORDS = { pass: 'pass', fail: 'fail', warn: 'warning', 'not-applicable': 'not applicable' } as const;

const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin-bottom: 2rem; }
caption { text-align: left; font-weight: bold; font-size: 1.2rem; padding: 0.5rem 0; }
th, td { border: 1px solid GrayText; padding: 0.3rem 0.6rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; margin: 0.3rem 0; }
.outcome { font-weight: bold; white-space: nowrap; border-left-width: 0.5rem; }
.pass { border-left-color: #1a7f37; } .fail { border-left-color: #cf222e; }
.warn { border-left-color: #bf8700; } .not-applicable { border-left-color: GrayText; }
`;

/** The report as one page: no script, nothing loaded, outcomes told in words. */
export function reportHtml({ service, message, results, totals }: ConformanceReport): string {
  const sections = [...new Set(results.map(({ section }) => section))];
  const { url, id } = service;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>CDS Hooks conformance: ${escaped(url)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>CDS Hooks conformance</h1>
<p>Service <code>${escaped(url)}</code>${id === undefined ? '' : `, id <code>${escaped(id)}</code>`}, hook order-sign.</p>
${message === undefined ? '' : `<p role="note"><strong>${escaped(message)}</strong></p>\n`}<p>${totals.pass} pass, ${totals.fail} fail, ${totals.warn} warnings, ${totals['not-applicable']} not applicable. ${coverageText()}.</p>
${sections.map((section) => table(section, results)).join('\n')}
${notSeen()}
</main>
</body>
</html>
`;
}

function table(section: string, results: readonly RuleResult[]): string {
  const rows = results.filter((result) => result.section === section).map(row);
  return `<table>
<caption>${escaped(section)}</caption>
<thead><tr><th scope="col">Rule</th><th scope="col">Requirements</th><th scope="col">Outcome</th><th scope="col">Evidence</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>`;
}

function row({ id, title, requirements, level, source, outcome, evidence }: RuleResult): string {
  const { says, request, response } = evidence;
  const exchange = [request, response]
    .filter((text) => text !== undefined)
    .map((text) => `<pre>${escaped(text)}</pre>`);
  const details =
    exchange.length === 0
      ? ''
      : `<details><summary>Exchange<span hidden> of ${escaped(id)}</span></summary>${exchange.join('')}</details>`;
  return `<tr><th scope="row">${escaped(title)}<br><code>${escaped(id)}</code></th><td>${escaped(requirements.join(', '))}<br>${level}, ${source}</td><td class="outcome ${outcome}">${WORDS[outcome]}</td><td>${escaped(says)}${details}</td></tr>`;
}

function notSeen(): string {
  const rows = OBSERVABLE_REQUIREMENTS.flatMap((requirement) =>
    isObservable(requirement)
      ? []
      : [
          `<tr><th scope="row">${escaped(requirement.id)}</th><td>${escaped(requirement.words)}</td><td>${escaped(requirement.notObservable)}</td></tr>`,
        ],
  );
  return `<table>
<caption>Requirements that cannot be seen from outside</caption>
<thead><tr><th scope="col">Number</th><th scope="col">Requirement</th><th scope="col">Why</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
