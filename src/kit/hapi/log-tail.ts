const KEPT_LINES = 200;

/** The last lines that a process wrote; calls back for each whole line. */
export class LogTail {
  readonly #lines: string[] = [];
  readonly #onLine: (line: string) => void;
  #rest = '';

  constructor(onLine: (line: string) => void = () => undefined) {
    this.#onLine = onLine;
  }

  add(chunk: Buffer | string): void {
    const parts = (this.#rest + chunk.toString()).split(/\r?\n/);
    this.#rest = parts.pop() ?? '';
    for (const line of parts) {
      this.#lines.push(line);
      this.#onLine(line);
    }
    if (this.#lines.length > KEPT_LINES) this.#lines.splice(0, this.#lines.length - KEPT_LINES);
  }

  /** The last lines that are not empty, at most so many. */
  last(count: number): string {
    return [...this.#lines, this.#rest]
      .filter((line) => line.trim() !== '')
      .slice(-count)
      .join('\n');
  }
}
