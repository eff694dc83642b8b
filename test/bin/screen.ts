/**
 * A terminal that knows what the live view writes: carriage return, line feed, cursor up, clearing
 * to the end of the line and of the screen, colours, and the cursor's visibility. Anything else is
 * an error, as is a line that would wrap.
 */
import type { ViewStream } from '../../bin/live-view.ts';

const ESCAPE = String.fromCharCode(27);
const CODE = new RegExp(`${ESCAPE}\\[(\\??)(\\d*)([A-Za-z])`, 'y');

export class Screen implements ViewStream {
  readonly isTTY = true;
  columns: number;
  rows: number;
  readonly lines: string[] = [''];
  cursorShown = true;
  written = '';
  #row = 0;
  #column = 0;
  readonly #listeners = new Set<() => void>();

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
  }

  on(_event: 'resize', listener: () => void): void {
    this.#listeners.add(listener);
  }
  off(_event: 'resize', listener: () => void): void {
    this.#listeners.delete(listener);
  }
  get listeners(): number {
    return this.#listeners.size;
  }

  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    for (const listener of this.#listeners) listener();
  }

  /** What is on it, without blank lines at the end. */
  get text(): string {
    return this.lines
      .map((line) => line.trimEnd())
      .join('\n')
      .trimEnd();
  }

  write(text: string): void {
    this.written += text;
    for (let at = 0; at < text.length; ) {
      CODE.lastIndex = at;
      const code = CODE.exec(text);
      if (code !== null) {
        this.#obey(code[1]!, code[2] === '' ? 0 : Number(code[2]), code[3]!);
        at = CODE.lastIndex;
        continue;
      }
      const character = String.fromCodePoint(text.codePointAt(at)!);
      at += character.length;
      this.#put(character);
    }
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') {
      this.#row += 1;
      this.#column = 0;
      this.lines[this.#row] ??= '';
    } else {
      if (character < ' ') throw new Error(`control character ${JSON.stringify(character)}`);
      if (this.#column >= this.columns) throw new Error(`a line is wider than ${this.columns}`);
      const line = [...this.lines[this.#row]!.padEnd(this.#column)];
      line[this.#column] = character;
      this.lines[this.#row] = line.join('');
      this.#column += 1;
    }
  }

  #obey(mark: string, count: number, letter: string): void {
    if (mark === '?' && count === 25) this.cursorShown = letter === 'h';
    else if (letter === 'A') {
      // Nothing above the top of the window can be reached.
      const top = Math.max(0, this.lines.length - this.rows);
      this.#row = Math.max(top, this.#row - count);
    } else if (letter === 'K') {
      this.lines[this.#row] = [...this.lines[this.#row]!].slice(0, this.#column).join('');
    } else if (letter === 'J') {
      this.lines[this.#row] = [...this.lines[this.#row]!].slice(0, this.#column).join('');
      this.lines.length = this.#row + 1;
    } else if (letter !== 'm') throw new Error(`escape sequence ${mark}${count}${letter}`);
  }
}
