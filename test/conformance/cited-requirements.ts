import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

/** A title in the test sources that names requirements: of a test, a row of a parametrised one, or a group. */
export interface Citation {
  /** `test/http/cors.test.ts` */
  readonly file: string;
  /** The title without what it cites. */
  readonly title: string;
  /** `24`, `cds-resp-1` */
  readonly ids: readonly string[];
}

const PARENTHESIS = /\s*\(((?:[^()]*;\s*)?(?:req\.|requirements?\s|cds-(?:r|resp|fb)-\d)[^()]*)\)/g;
const RANGE = /(?<![\w-])(\d{1,2})(?:\s*[–-]\s*(\d{1,2}))?(?![\w-])/g;
const INVARIANT = /\bcds-(?:r|resp|fb)-\d\b/g;
const TEST_FUNCTIONS = new Set(['describe', 'it', 'test']);

/** Every title of `*.test.ts` below `root`/test that says `(req. N)`, `(requirement N, M)`, `(req. N–M)` or `(cds-resp-1)`. */
export function citedRequirements(root: string): readonly Citation[] {
  const folder = join(root, 'test');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .sort()
    .flatMap((name) => {
      const file = join(folder, name);
      return citationsIn(relative(root, file), readFileSync(file, 'utf8'));
    });
}

/** The citations in one test source: only what is inside a call of `describe`, `it` or `test` counts, so a comment does not. */
export function citationsIn(file: string, source: string): readonly Citation[] {
  const found: Citation[] = [];
  const visit = (node: ts.Node, isInTest: boolean): void => {
    const inTest = isInTest || (ts.isCallExpression(node) && isTestCall(node));
    if (inTest && (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node))) {
      const text = ts.isStringLiteralLike(node) ? node.text : node.getText().slice(1, -1);
      const ids = idsIn(text);
      if (ids.length > 0) found.push({ file, title: text.replaceAll(PARENTHESIS, '').trim(), ids });
    }
    ts.forEachChild(node, (child) => visit(child, inTest));
  };
  visit(ts.createSourceFile(file, source, ts.ScriptTarget.ES2022, true), false);
  return found;
}

/** Ids that a title cites, each once. */
export function idsIn(title: string): readonly string[] {
  const ids = [...title.matchAll(PARENTHESIS)].flatMap(([, inside = '']) => {
    const numbers = [...inside.replaceAll(INVARIANT, '').matchAll(RANGE)].flatMap(([, from = '', to = from]) =>
      Array.from({ length: Number(to) - Number(from) + 1 }, (_, at) => String(Number(from) + at)),
    );
    return [...numbers, ...(inside.match(INVARIANT) ?? [])];
  });
  return [...new Set(ids)];
}

/** `it(…)`, `it.each(…)(…)`, `describe.skip(…)` */
function isTestCall({ expression }: ts.CallExpression): boolean {
  if (ts.isIdentifier(expression)) return TEST_FUNCTIONS.has(expression.text);
  if (ts.isPropertyAccessExpression(expression)) {
    return ts.isIdentifier(expression.expression) && TEST_FUNCTIONS.has(expression.expression.text);
  }
  return ts.isCallExpression(expression) && isTestCall(expression);
}
