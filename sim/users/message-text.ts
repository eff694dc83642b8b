/**
 * What tells a message from all others wherever it turns up: its number and a mark of the run,
 * before the words. A backend may still hold messages of earlier runs.
 */

const SPACE = 0x20;
const ZERO = 0x30;
/** 8 hex digits. */
export const RUN_MARK = /^[0-9a-f]{8}$/;

export function numbered(n: number, run: string, bytes: number, words: string): string {
  const head = `q${n} ${run} `;
  return head.length >= bytes ? head : head + words.slice(0, bytes - head.length);
}

/** The number of a text of this run, or -1. A loop: it runs for every message that arrives. */
export function numberIn(text: string, run: string): number {
  if (text[0] !== 'q') return -1;
  let n = 0;
  let at = 1;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === SPACE) break;
    const digit = code - ZERO;
    if (digit < 0 || digit > 9 || at > 10) return -1;
    n = n * 10 + digit;
  }
  return at > 1 && text.startsWith(run, at + 1) ? n : -1;
}
