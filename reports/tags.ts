/**
 * Names and tags of measurements: checking them against the catalogue, writing them in one
 * canonical form (`delivery_latency{dc:3,path:same_dc}`, tags sorted), and reading that form back.
 */
import { METRICS, type MetricDefinition, type MetricName } from './metrics.ts';

export type Tags = Readonly<Record<string, string>>;

/** A DC id, "1" to "99": what a tag with an empty list of values may hold. */
const DC_ID = /^[1-9]\d?$/;

/** `metric` or `metric{tag:value, tag:value}`, as k6 writes a submetric. */
const SELECTION = /^\s*([A-Za-z0-9_]+)\s*(?:\{([^{}]*)\})?\s*$/;

export interface Selection {
  readonly metric: string;
  readonly tags: Tags;
}

export function isMetricName(name: string): name is MetricName {
  return Object.hasOwn(METRICS, name);
}

export function definitionOf(metric: MetricName): MetricDefinition {
  return METRICS[metric];
}

/** The canonical key of a series: equal tags give equal keys, whatever their order. */
export function seriesKey(metric: string, tags: Tags = {}): string {
  const names = Object.keys(tags).sort();
  if (names.length === 0) return metric;
  return `${metric}{${names.map((name) => `${name}:${tags[name]}`).join(',')}}`;
}

/** Reads `metric{tag:value}`; undefined where it is not of that form. Does not check the names. */
export function parseSelection(text: string): Selection | undefined {
  const match = SELECTION.exec(text);
  if (!match) return undefined;
  const tags: Record<string, string> = {};
  const inside = match[2];
  if (inside !== undefined) {
    for (const part of inside.split(',')) {
      const colon = part.indexOf(':');
      if (colon < 1) return undefined;
      const name = part.slice(0, colon).trim();
      const value = part.slice(colon + 1).trim();
      if (name === '' || value === '' || Object.hasOwn(tags, name)) return undefined;
      Object.defineProperty(tags, name, { value, enumerable: true });
    }
  }
  return { metric: match[1]!, tags };
}

/** True where a series with tags `have` belongs to the selection `want`. */
export function tagsMatch(have: Tags, want: Tags): boolean {
  for (const name of Object.keys(want)) if (have[name] !== want[name]) return false;
  return true;
}

/**
 * Everything wrong with a metric and its tags, each line with what would be right. `dcs` narrows
 * the DC ids to those of a topology; without it any "1" to "99" is one.
 */
export function selectionProblems(metric: string, tags: Tags, dcs?: readonly number[]): string[] {
  if (!isMetricName(metric)) {
    return [`there is no metric '${metric}'; ${nearest(metric, Object.keys(METRICS))}`];
  }
  const problems: string[] = [];
  const known = definitionOf(metric).tags;
  for (const [name, value] of Object.entries(tags)) {
    const values = Object.hasOwn(known, name) ? known[name] : undefined;
    if (values === undefined) {
      const names = Object.keys(known);
      const instead = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
      problems.push(`${metric} has no tag '${name}'; ${instead}`);
    } else if (values.length > 0) {
      if (!values.includes(value)) {
        problems.push(`${metric} has no ${name} '${value}'; use ${values.join(', ')}`);
      }
    } else if (!DC_ID.test(value)) {
      problems.push(`${metric}: ${name} '${value}' is no DC id; use 1 to 99`);
    } else if (dcs !== undefined && dcs.length > 0 && !dcs.includes(Number(value))) {
      problems.push(`${metric}: there is no DC ${value}; use ${dcs.join(', ')}`);
    }
  }
  return problems;
}

const NEAREST_SHOWN = 3;

/** "did you mean a, b?" where some name is close, else all there are. */
export function nearest(name: string, names: readonly string[]): string {
  const ranked = names
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1));
  const close = ranked.filter(
    ({ candidate, distance }) => distance <= Math.max(2, candidate.length / 3),
  );
  if (close.length === 0) return `there are ${names.join(', ')}`;
  const shown = close.slice(0, NEAREST_SHOWN).map(({ candidate }) => candidate);
  return `did you mean ${shown.join(' or ')}?`;
}

/** Levenshtein distance; inputs are cut at 64 characters, longer than any name we have. */
function editDistance(left: string, right: string): number {
  const a = left.slice(0, 64).toLowerCase();
  const b = right.slice(0, 64).toLowerCase();
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
