/**
 * Escaping for HTML and XML, text and attributes alike, and a template that escapes by itself:
 * markup`<b title="${x}">${y}</b>` can only let through what was made by `markup` or `trusted`.
 */

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Also drops what no XML 1.0 document may hold: control characters and lone surrogates. */
export function escapeMarkup(text: string): string {
  return text
    .toWellFormed()
    .replace(/[&<>"']/g, (character) => ENTITIES[character]!)
    .replace(FORBIDDEN, '\ufffd');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

/** Text that is markup already. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Takes text as markup: for our own files only, never for anything a scenario says. */
export function trusted(text: string): Markup {
  return new Markup(text);
}

export type Part = string | number | Markup | readonly Part[];

export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  const text = strings.map((string, index) => {
    const part = parts[index];
    return part === undefined ? string : string + textOf(part);
  });
  return new Markup(text.join(''));
}

function textOf(part: Part): string {
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map(textOf).join('');
  return escapeMarkup(String(part));
}
