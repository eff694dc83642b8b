/**
 * Gives other DCs pages of a domain: of this DC's own, whose stream is then kept from where the
 * snapshot began, or (to a DC that has lost its disk) of this DC's copy of the asking DC's domain,
 * which does not change as long as that DC is out of service.
 */
import type { Clock, Store } from '../environment/index.ts';
import { RpcError } from '../schema/errors.ts';
import type { Limits } from './limits.ts';
import type { NumberedLog } from './numbered-log.ts';
import type { PeerCalls } from './peer-calls.ts';
import type { Packable } from './records.ts';
import { isName } from './repair-calls.ts';
import type { Retention } from './retention.ts';
import { type Cursor, type DomainPage, readDomainPage } from './snapshot-pages.ts';

export const SNAPSHOT_BEGIN = 'snapshot.begin';
export const SNAPSHOT_PAGE = 'snapshot.page';

/** The stream is not kept from there any more, or the copy has moved on: begin again. */
export const SNAPSHOT_EXPIRED = 'SNAPSHOT_EXPIRED';

export interface SnapshotServerOptions {
  readonly dc: number;
  readonly store: Store;
  readonly clock: Clock;
  readonly limits: Limits;
  /** The own stream and who needs it; absent in a DC that is not in service. */
  readonly own?: {
    readonly stream: NumberedLog;
    readonly retention: Retention;
    /** Last number given to a record, durable or not. */
    readonly staged: () => number;
  };
  /** How much of another DC's stream is durably in the copy here. */
  readonly applied: (of: number) => number;
  /** Entries of the page are damaged. */
  readonly found: (partition: string, keys: readonly string[]) => void;
}

export class SnapshotServer {
  readonly #o: SnapshotServerOptions;
  readonly totals = { snapshotPagesGiven: 0 };

  constructor(options: SnapshotServerOptions) {
    this.#o = options;
  }

  register(calls: PeerCalls): void {
    calls.register(SNAPSHOT_BEGIN, async (from) => this.#begin(from));
    calls.register(SNAPSHOT_PAGE, (from, question) => this.#page(from, question));
  }

  /** Position from which the asking DC will want the stream of this one. */
  #begin(from: number): Packable {
    const { own } = this.#o;
    if (!own) throw new RpcError(503, 'NOT_IN_SERVICE');
    own.retention.pin(from, own.stream.last);
    return own.stream.last;
  }

  async #page(from: number, question: unknown): Promise<Packable> {
    const { store, dc, limits, own } = this.#o;
    const { of, position, partition, key, large } = askedPage(question);
    const bytesMax = large ? limits.snapshotLargePageBytes : limits.snapshotPageBytes;
    if (of === dc) {
      if (!own) throw new RpcError(503, 'NOT_IN_SERVICE');
      const { oldest, last } = own.stream;
      if (position + 1 < oldest || position > last) throw new RpcError(410, SNAPSHOT_EXPIRED);
      own.retention.pin(from, position);
    } else if (of !== from) throw new RpcError(403, 'DOMAIN_OF_ANOTHER');
    const page = await readDomainPage(
      store,
      of,
      { partition, key },
      { bytesMax, readEntriesMax: limits.snapshotReadEntriesMax },
    );
    if (of !== dc && this.#o.applied(of) !== position) throw new RpcError(410, SNAPSHOT_EXPIRED);
    const damaged = page.entries.filter(({ value }) => !value);
    for (const entry of damaged) this.#o.found(entry.partition, [entry.key]);
    // Another copy may have what is damaged in this one; of the domain itself it is put right.
    if (of === dc && damaged.length > 0) throw new RpcError(503, 'DAMAGED_HERE');
    this.totals.snapshotPagesGiven++;
    return packedPage(page, of === dc ? (own?.staged() ?? position) : position);
  }
}

interface PageQuestion extends Cursor {
  /** The domain, and the record of its stream from which on the asking DC will take that. */
  readonly of: number;
  readonly position: number;
  readonly large: boolean;
}

export function pageQuestion({ of, position, partition, key, large }: PageQuestion): Packable {
  return [of, position, partition, key, large];
}

/** Throws `RpcError` for a question that is none. */
function askedPage(question: unknown): PageQuestion {
  const [of, position, partition, key, large] = Array.isArray(question) ? question : [];
  const right =
    Number.isSafeInteger(of) &&
    Number.isSafeInteger(position) &&
    typeof partition === 'string' &&
    typeof key === 'string' &&
    typeof large === 'boolean' &&
    partition.startsWith(`d${of}/`);
  if (!right) throw new RpcError(400, 'SNAPSHOT_PAGE_INVALID');
  return { of, position, partition, key, large } as PageQuestion;
}

/** [[partition, [[key, value or null for a damaged one], ...]], ...], the next cursor, upTo. */
function packedPage({ entries, next }: DomainPage, upTo: number): Packable {
  const groups: [string, [string, Uint8Array | null][]][] = [];
  for (const { partition, key, value } of entries) {
    let group = groups.at(-1);
    if (group?.[0] !== partition) {
      group = [partition, []];
      groups.push(group);
    }
    group[1].push([key, value ?? null]);
  }
  return [groups, next ? [next.partition, next.key] : null, upTo];
}

export interface ReceivedPage extends DomainPage {
  /** Records of the stream up to this one may have gone into the page. */
  readonly upTo: number;
}

/** Throws on anything that is not a page of this domain: it comes from another DC. */
export function receivedPage(of: number, answer: unknown): ReceivedPage {
  const [groups, next, upTo] = Array.isArray(answer) ? (answer as unknown[]) : [];
  if (!Array.isArray(groups) || !Number.isSafeInteger(upTo)) throw new Error(NO_PAGE);
  const entries = groups.flatMap((group: unknown) => {
    const [partition, list] = Array.isArray(group) ? (group as unknown[]) : [];
    if (!isName(partition) || !partition.startsWith(`d${of}/`) || !Array.isArray(list)) {
      throw new Error(NO_PAGE);
    }
    return list.map((entry: unknown) => {
      const [key, value] = Array.isArray(entry) ? (entry as unknown[]) : [];
      if (!isName(key)) throw new Error(NO_PAGE);
      if (value === null) return { partition, key, value: undefined };
      if (!(value instanceof Uint8Array)) throw new Error(NO_PAGE);
      return { partition, key, value };
    });
  });
  if (next === null) return { entries, next: undefined, upTo: upTo as number };
  const [partition, key] = Array.isArray(next) ? (next as unknown[]) : [];
  if (!isName(partition) || !isName(key)) throw new Error(NO_PAGE);
  return { entries, next: { partition, key }, upTo: upTo as number };
}

const NO_PAGE = 'that is no page of a snapshot';
