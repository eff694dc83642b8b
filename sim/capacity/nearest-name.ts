/** "Did you mean": the name that takes the fewest edits. */

/** The nearest name, or undefined where none is near. */
export function nearestName(wanted: string, names: readonly string[]): string | undefined {
  const word = wanted.toLowerCase();
  let best = names[0]!;
  let least = Infinity;
  for (const name of names) {
    // A right last part counts more than a missing section before it.
    const whole = edits(word, name.toLowerCase());
    const last = edits(word, name.toLowerCase().split('.').at(-1)!);
    const distance = Math.min(whole, last + 0.5);
    if (distance < least) [best, least] = [name, distance];
  }
  return least <= Math.max(2, word.length / 3) ? best : undefined;
}

/** Levenshtein distance, in single-character edits; both texts are short names. */
export function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
