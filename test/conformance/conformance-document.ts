import type { Requirement } from '../../src/kit/conformance/requirement.js';
import type { Citation } from './cited-requirements.js';
import { NOT_APPLICABLE } from './not-applicable.js';

const HEAD = `# Conformance

<!-- Made from the titles of the tests; a test compares. To renew: UPDATE_DOCS=1 and run test/conformance. -->

What CDS Hooks 2.0.1, its 3.0 ballot and good practice ask of a CDS service, and the tests that show it. A requirement without a test, or a
reason, fails the gate. Numbers are those the tests quote; \`cds-…\` are the machine-readable invariants of the specification. Beside these tests,
\`hemolens kit conformance\` asks a running service from outside: the rules named here are its, and none may fail against this service
(\`test/kit/conformance/own-service.test.ts\`).`;

/** Titles shown for one requirement; the others are counted. */
const SHOWN = 6;

/** The text of docs/conformance.md: a row for each requirement, with the tests that cite it or the reason why none does. */
export function conformanceDocument(requirements: readonly Requirement[], citations: readonly Citation[]): string {
  const table = [
    '| | level | source | what it asks | shown by | asked from outside |',
    '| --- | --- | --- | --- | --- | --- |',
  ];
  const rows = requirements.map((requirement) => {
    const { id, level, source, words } = requirement;
    const rules = 'rules' in requirement ? requirement.rules.map((rule) => `\`${rule}\``).join(', ') : '';
    return `| ${[id, level, source, cell(words), shownBy(id, citations), rules].join(' | ')} |`;
  });
  return [HEAD, '', ...table, ...rows, ''].join('\n');
}

function shownBy(id: string, citations: readonly Citation[]): string {
  const reason = NOT_APPLICABLE[id];
  if (reason !== undefined) return `does not apply: ${cell(reason)}`;
  const cited = [...new Set(citations.filter(({ ids }) => ids.includes(id)).map(reference))];
  const more = cited.length > SHOWN ? [`and ${cited.length - SHOWN} more`] : [];
  return [...cited.slice(0, SHOWN), ...more].join('<br>') || '**nothing**';
}

function reference({ file, title }: Citation): string {
  return `${file.replace(/^test\//, '').replace(/\.test\.ts$/, '')}: ${cell(title)}`;
}

function cell(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/[\\|<>*_`[\]]/g, '\\$&');
}
