/**
 * What k6 recorded, put together message by message: k6's JSON output has a line for each sample,
 * whose metadata name the message (script-metrics.ts).
 */
import { disorderedIn } from '../../sim/users/chat-order.ts';
import type { LedgerEntry } from '../../sim/users/ledger.ts';

interface Sample {
  readonly metric: string;
  readonly type: string;
  readonly data: {
    readonly value: number;
    readonly tags?: Readonly<Record<string, string>>;
    readonly metadata?: Readonly<Record<string, string>>;
  };
}

type Pairs = readonly (readonly [sender: number, recipient: number])[];
type Total = 'dropped_iterations' | 'script_errors' | 'messages_given_up' | 'writes_doubled';

const METRIC = /^\{"metric":"([a-z_]+)","type":"Point"/;
const WANTED = new Set([
  ...['generator_lag', 'ack_latency', 'warmup_ack_latency', 'stored_at', 'window_start'],
  ...['delivery_latency', 'warmup_delivery_latency'],
  ...['dropped_iterations', 'script_errors', 'messages_given_up', 'writes_doubled'],
]);

export class K6Ledger {
  readonly #pairs: Pairs;
  /** By number; samples come in any order, so some may be missing. */
  readonly #entries: (LedgerEntry | undefined)[] = [];
  /** Unix ms at which a queued message turned out to be stored. */
  readonly #storedAt = new Map<number, number>();
  /** Unix ms at which the window began; undefined before the first message. */
  windowStartMs: number | undefined;
  /** How late each message was sent, with when it was due in seconds of the window. */
  readonly lags: { readonly lagMs: number; readonly atSeconds: number }[] = [];
  readonly totals: Record<Total, number> = {
    dropped_iterations: 0,
    script_errors: 0,
    messages_given_up: 0,
    writes_doubled: 0,
  };

  /** Told as samples come in; for figures while k6 runs. */
  onDue: ((sender: number, dueMs: number) => void) | undefined;
  onAcked: ((entry: LedgerEntry) => void) | undefined;
  onDelivered: ((entry: LedgerEntry) => void) | undefined;

  constructor(pairs: Pairs) {
    this.#pairs = pairs;
  }

  /** One line of the output; lines of other metrics cost no parsing. */
  take(line: string): void {
    const name = METRIC.exec(line)?.[1];
    if (name === undefined || !WANTED.has(name)) return;
    const { metric, data } = JSON.parse(line) as Sample;
    const { value, tags = {}, metadata = {} } = data;
    if (Object.hasOwn(this.totals, metric)) this.totals[metric as Total] += value;
    else if (metric === 'window_start') this.windowStartMs = value;
    else if (metric === 'stored_at') this.#storedAt.set(Number(metadata['n']), value);
    else this.#about(metric, value, tags, metadata);
  }

  /** In the order of their numbers; times in ms of the window. */
  get entries(): LedgerEntry[] {
    const startMs = this.windowStartMs ?? 0;
    for (const [n, atMs] of this.#storedAt) {
      const entry = this.#entries[n];
      if (entry) entry.storedMs ??= atMs - startMs;
    }
    return this.#entries.filter((entry) => entry !== undefined);
  }

  #about(
    metric: string,
    value: number,
    tags: Readonly<Record<string, string>>,
    metadata: Readonly<Record<string, string>>,
  ): void {
    const entry = this.#entry(Number(metadata['n']), Number(metadata['at']));
    if (metric === 'generator_lag') {
      entry.sentMs = entry.dueMs + value;
      this.lags.push({ lagMs: value, atSeconds: entry.dueMs / 1_000 });
      if (entry.measured) this.onDue?.(entry.sender, entry.dueMs);
    } else if (metric.endsWith('ack_latency')) {
      entry.ackedMs = entry.dueMs + value;
      entry.ack = tags['ack'] === 'queued' ? 'queued' : 'stored';
      if (entry.ack === 'stored') entry.storedMs = entry.ackedMs;
      this.onAcked?.(entry);
    } else {
      entry.deliveredMs = entry.dueMs + value;
      entry.deliveredId = Number(metadata['id']);
      this.onDelivered?.(entry);
    }
  }

  #entry(n: number, atMs: number): LedgerEntry {
    const known = this.#entries[n];
    if (known) return known;
    const [sender, recipient] = this.#pairs[n % this.#pairs.length] ?? [0, 0];
    const entry: LedgerEntry = {
      ...{ id: n, sender, recipient, dueMs: atMs, measured: atMs >= 0 },
      ...{ sentMs: undefined, ackedMs: undefined, ack: undefined, storedMs: undefined },
      ...{ deliveredMs: undefined, deliveredId: undefined, refused: undefined },
    };
    this.#entries[n] = entry;
    return entry;
  }
}

/** Acknowledged, and in no box in the end. */
export function lostOf(entries: readonly LedgerEntry[]): LedgerEntry[] {
  return entries.filter(
    ({ ackedMs, deliveredMs }) => ackedMs !== undefined && deliveredMs === undefined,
  );
}

/** k6 reads its clock in whole milliseconds. */
const CLOCK_MS = 1;

/** How many messages broke the order of their chat; see chat-order.ts. */
export function disordered(entries: readonly LedgerEntry[]): number {
  return disorderedIn(entries, CLOCK_MS).length;
}
