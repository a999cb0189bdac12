/**
 * A normalised text in pieces of at most `most` word pieces, cut between words; a single word that is longer is cut hard.
 * `count` says how many word pieces a text has, without special tokens. The pieces, joined, have the text's words in order.
 */
export function cutText(text: string, most: number, count: (text: string) => number): readonly string[] {
  const pieces: string[] = [];
  let words = text.split(' ').filter((word) => word !== '');
  while (words.length > 0) {
    const fitting = mostFitting(words.length, (length) => count(words.slice(0, length).join(' ')) <= most);
    if (fitting > 0) {
      pieces.push(words.slice(0, fitting).join(' '));
      words = words.slice(fitting);
    } else {
      const [first = '', ...rest] = words;
      const characters = Array.from(first);
      const head = Math.max(
        1,
        mostFitting(characters.length, (length) => count(characters.slice(0, length).join('')) <= most),
      );
      pieces.push(characters.slice(0, head).join(''));
      const tail = characters.slice(head).join('');
      words = tail === '' ? rest : [tail, ...rest];
    }
  }
  return pieces;
}

/** The largest length up to `longest` that fits, 0 where not even 1 does; longer never fits where shorter does not. */
function mostFitting(longest: number, fits: (length: number) => boolean): number {
  if (fits(longest)) return longest;
  let [fitting, tooLong] = [0, longest];
  while (tooLong - fitting > 1) {
    const middle = (fitting + tooLong) >> 1;
    if (fits(middle)) fitting = middle;
    else tooLong = middle;
  }
  return fitting;
}
