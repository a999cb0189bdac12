import { member, textMember, valuesAt } from '../../sandbox/resource-json.js';

const LONGEST = 300;

/** What an answer that is no success says for itself, on one line: the errors of an OperationOutcome, or the title of an HTML page. */
export function outcomeWords(json: unknown, text: string): string | undefined {
  if (json !== undefined) return issueWords(json);
  return pageTitle(text);
}

/** Diagnostics of the first errors of an OperationOutcome; undefined where it holds none. */
export function issueWords(outcome: unknown): string | undefined {
  if (textMember(outcome, 'resourceType') !== 'OperationOutcome') return undefined;
  const issues = valuesAt(outcome, 'issue');
  const errors = issues.filter((issue) => isError(issue));
  const words = (errors.length > 0 ? errors : issues)
    .slice(0, 3)
    .map(
      (issue) =>
        textMember(issue, 'diagnostics') ?? textMember(member(issue, 'details'), 'text') ?? textMember(issue, 'code'),
    )
    .filter((said) => said !== undefined);
  return words.length === 0 ? undefined : oneLine(words.join('; '));
}

/** Does an OperationOutcome hold an error? */
export function holdsError(outcome: unknown): boolean {
  return textMember(outcome, 'resourceType') === 'OperationOutcome' && valuesAt(outcome, 'issue').some(isError);
}

/** Title or first heading of an HTML page; undefined for anything else. */
export function pageTitle(text: string): string | undefined {
  if (!isHtml(text)) return undefined;
  const [, title = ''] = /<(?:title|h1)[^>]*>([^<]*)</i.exec(text.slice(0, 20_000)) ?? [];
  const words = oneLine(title);
  return words === '' ? undefined : words;
}

export function isHtml(text: string): boolean {
  return /^\s*<(?:!doctype html|html|head|body)/i.test(text.slice(0, 500));
}

/** Without control characters, so that no answer can write over the terminal. */
export function oneLine(text: string): string {
  const words = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  return words.length > LONGEST ? `${words.slice(0, LONGEST)}...` : words;
}

function isError(issue: unknown): boolean {
  return ['error', 'fatal'].includes(textMember(issue, 'severity') ?? '');
}
