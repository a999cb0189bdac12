import { Parser } from 'htmlparser2';

export interface SvgElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  text: string;
}

/** The elements of an SVG in document order. Throws where a tag is left open, closed twice or repeats an attribute. */
export function readSvg(svg: string): readonly SvgElement[] {
  const elements: SvgElement[] = [];
  const open: SvgElement[] = [];
  const faults: string[] = [];
  const parser = new Parser(
    {
      onopentag: (name, attributes) => {
        const element = { name, attributes, text: '' };
        elements.push(element);
        open.push(element);
      },
      ontext: (text) => {
        for (const element of open) element.text += text;
      },
      onclosetag: (name, isImplied) => {
        const element = open.pop();
        if (element?.name !== name) faults.push(`${name} closes ${element?.name ?? 'nothing'}`);
        if (isImplied && !svg.includes('/>')) faults.push(`${name} is not closed`);
      },
    },
    { xmlMode: true, decodeEntities: true },
  );
  parser.end(svg);
  const opened = svg.match(/<[a-z]+[^>]*[^/]>/g)?.length ?? 0;
  const closed = svg.match(/<\/[a-z]+>/g)?.length ?? 0;
  if (opened !== closed) faults.push(`${opened} tags open, ${closed} close`);
  if (/&(?!amp;|lt;|gt;|quot;|#39;)/.test(svg)) faults.push('a bare ampersand');
  if (faults.length > 0) throw new Error(faults.join('; '));
  return elements;
}

/** Texts as a reader sees them. */
export function textsOf(elements: readonly SvgElement[]): readonly string[] {
  return elements.filter(({ name }) => name === 'text').map(({ text }) => text);
}

/** Sizes and places of all elements are finite numbers, and no box is drawn inside out. */
export function hasSoundNumbers(elements: readonly SvgElement[]): boolean {
  const names = ['x', 'y', 'x1', 'x2', 'y1', 'y2'];
  return elements.every(({ attributes }) =>
    Object.entries(attributes).every(([name, value]) => {
      if (names.includes(name)) return Number.isFinite(Number(value));
      return name === 'width' || name === 'height' ? Number(value) >= 0 : true;
    }),
  );
}
