/**
 * results.json: the document with its keys in one fixed order, so that equal runs give equal text.
 */
import type { ResultsDocument } from '../results.ts';

/** Two spaces of indentation, except that lists of plain values stay on one line. */
export function renderJson(results: ResultsDocument): string {
  return `${write(results, '')}\n`;
}

/** Keys keep the order in which results.ts builds them, which does not depend on the run. */
function write(value: unknown, indent: string): string {
  const deeper = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.every(isFlat)) return JSON.stringify(value);
    const items = value.map((item) => `${deeper}${write(item, deeper)}`);
    return `[\n${items.join(',\n')}\n${indent}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    if (fields.length === 0) return '{}';
    const lines = fields.map(
      ([name, field]) => `${deeper}${JSON.stringify(name)}: ${write(field, deeper)}`,
    );
    return `{\n${lines.join(',\n')}\n${indent}}`;
  }
  return JSON.stringify(value);
}

function isFlat(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((item) => typeof item === 'number');
  return typeof value !== 'object' || value === null;
}
