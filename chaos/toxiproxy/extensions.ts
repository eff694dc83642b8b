/**
 * Typed client of what the embedded Toxiproxy can do beyond the real one (the calls and their
 * meaning: extensions/routes.ts). Every call ends within a time-out, and rejects with an
 * `ExtensionsError` that has the server's status and words.
 *
 *     const extensions = new ToxiproxyExtensions('http://127.0.0.1:8474');
 *     if (await extensions.isThere()) {
 *       const pairs = partitionPairs([[1, 2], [3, 4, 5]]);
 *       await extensions.matrix({ pairs, how: 'hold', lease: { id: 'drill', ttlMs: 5_000 } });
 *       await extensions.renew('drill');
 *       await extensions.end('drill');
 *     }
 */
import type { Decision } from './extensions/decision-log.ts';
import type { Pair } from './extensions/shapes.ts';

export type { Decision } from './extensions/decision-log.ts';
export {
  bridgePairs,
  oneWayPairs,
  type Pair,
  partitionPairs,
  ringPairs,
} from './extensions/shapes.ts';

/** A toxic as the API takes it. */
export interface ToxicBody {
  readonly name?: string;
  readonly type: string;
  readonly stream?: 'upstream' | 'downstream';
  /** 0 to 1; 1 when left out. */
  readonly toxicity?: number;
  readonly attributes?: Readonly<Record<string, number>>;
}

export type BatchOperation =
  | { readonly do: 'enable' | 'disable'; readonly proxy: string }
  | { readonly do: 'add_toxic'; readonly proxy: string; readonly toxic: ToxicBody }
  | {
      readonly do: 'update_toxic';
      readonly proxy: string;
      readonly name: string;
      readonly toxic: Pick<ToxicBody, 'toxicity' | 'attributes'>;
    }
  | { readonly do: 'remove_toxic'; readonly proxy: string; readonly name: string }
  | { readonly do: 'cut'; readonly proxy: string; readonly within_bytes: number };

export interface LeaseWish {
  /** One that is running is joined, and renewed. Left out: the server names it. */
  readonly id?: string;
  /** 50 ms to a day. Left out: it ends only when it is ended. */
  readonly ttlMs?: number;
}

export interface Lease {
  readonly id: string;
  readonly ttl_ms: number | null;
  readonly ends_in_ms: number | null;
  /** `ending`: over, but something could not be undone yet, and is tried again every second. */
  readonly state: 'running' | 'ending';
  readonly to_undo: number;
  readonly problems: readonly string[];
}

export interface BatchAnswer {
  readonly operations: number;
  /** Those that changed something. */
  readonly changed: number;
  /** Connections that are to be cut. */
  readonly cuts: number;
  /** From before the first effect until after the last, microseconds. */
  readonly skew_us: number;
  readonly lease: Lease | null;
}

export interface MatrixWish {
  readonly pairs?: readonly Pair[];
  /** DCs that their clients cannot reach. */
  readonly clients?: readonly number[];
  /** Default `refuse`. */
  readonly how?: 'refuse' | 'hold';
  readonly lease?: LeaseWish;
}

export interface Matrix {
  readonly dcs: readonly number[];
  readonly pairs: readonly (Pair & {
    /** `changed`: it carries bytes, through the toxics that are named. */
    readonly state: 'open' | 'refused' | 'held' | 'changed';
    readonly toxics?: readonly string[];
  })[];
}

/** What one toxic has really done. Null: nothing to measure it by. */
export interface InjectedToxic {
  readonly in_force: boolean;
  readonly type: string;
  readonly stream: string;
  /** Connections that it took hold of. */
  readonly connections: number;
  readonly chunks: number;
  readonly bytes_in: number;
  readonly bytes_out: number;
  readonly held_bytes: number;
  /** Chunks that waited as long as they were meant to. */
  readonly delays: number;
  readonly requested_ms_mean: number | null;
  readonly achieved_ms_mean: number | null;
  readonly achieved_ms_max: number | null;
  /** Of one connection while it had something to send; 1 KB = 1000 bytes. */
  readonly achieved_kb_per_s: number | null;
  /** Of `retransmission` only. */
  readonly segments?: number;
  readonly lost_segments?: number;
}

export interface InjectedProxy {
  readonly connections_open: number;
  readonly connections_accepted: number;
  readonly connections_cut: number;
  readonly toxics: Readonly<Record<string, InjectedToxic>>;
}

export interface DecisionPage {
  readonly seed: string;
  /** What to ask for next time. */
  readonly next: number;
  /** Decisions since the asked number that the server no longer has. */
  readonly dropped: number;
  readonly decisions: readonly (Decision & { readonly number: number })[];
}

/** A call that was refused; `status` is 0 when there was no answer. */
export class ExtensionsError extends Error {
  override name = 'ExtensionsError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const TIMEOUT_MS = 5_000;

export class ToxiproxyExtensions {
  readonly #url: string;
  readonly #timeoutMs: number;

  /** `url` of the API, such as http://127.0.0.1:8474. Every call ends within `timeoutMs`. */
  constructor(url: string, timeoutMs = TIMEOUT_MS) {
    this.#url = `${url.replace(/\/+$/, '')}/quincunx`;
    this.#timeoutMs = timeoutMs;
  }

  /** Whether the server has them: the real one does not. Rejects when nobody answers. */
  async isThere(): Promise<boolean> {
    try {
      return (await this.#call<{ extensions: number }>('GET', '')).extensions >= 1;
    } catch (error) {
      if (error instanceof ExtensionsError && error.status === 404) return false;
      throw error;
    }
  }

  /** All of them or none; in one turn of the server. */
  batch(operations: readonly BatchOperation[], lease?: LeaseWish): Promise<BatchAnswer> {
    return this.#call('POST', '/batch', { operations, ...leaseBody(lease) });
  }

  /** Cuts these pairs and clients in one turn; ending the lease mends them. */
  matrix({ pairs = [], lease, ...wish }: MatrixWish): Promise<BatchAnswer> {
    const list = pairs.map(({ from, to }) => [from, to]);
    return this.#call('POST', '/matrix', { ...wish, pairs: list, ...leaseBody(lease) });
  }

  readMatrix(): Promise<Matrix> {
    return this.#call('GET', '/matrix');
  }

  /** Each open connection is reset once within so many further bytes; `cuts` says how many. */
  cut(proxies: readonly string[], withinBytes: number, lease?: LeaseWish): Promise<BatchAnswer> {
    return this.#call('POST', '/cut', { proxies, within_bytes: withinBytes, ...leaseBody(lease) });
  }

  async leases(): Promise<readonly Lease[]> {
    return (await this.#call<{ leases: readonly Lease[] }>('GET', '/leases')).leases;
  }

  /** Puts its end off by its own time to live, or by a new one. */
  renew(id: string, ttlMs?: number): Promise<Lease> {
    const body = ttlMs === undefined ? {} : { ttl_ms: ttlMs };
    return this.#call('POST', `/leases/${encodeURIComponent(id)}`, body);
  }

  /** Undoes what was done under it. `problems`: what could not be undone yet and is tried again. */
  end(id: string): Promise<{ readonly undone: number; readonly problems: readonly string[] }> {
    return this.#call('DELETE', `/leases/${encodeURIComponent(id)}`);
  }

  /** By the proxy's name. */
  async injected(): Promise<Readonly<Record<string, InjectedProxy>>> {
    type Answer = { readonly proxies: Readonly<Record<string, InjectedProxy>> };
    return (await this.#call<Answer>('GET', '/injected')).proxies;
  }

  /** Counts from here on. */
  async forgetInjected(): Promise<void> {
    await this.#call('DELETE', '/injected');
  }

  decisions(since = 0): Promise<DecisionPage> {
    return this.#call('GET', `/decisions?since=${since}`);
  }

  async #call<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    let status = 0;
    try {
      const response = await fetch(this.#url + path, {
        method,
        signal: AbortSignal.timeout(this.#timeoutMs),
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      ({ status } = response);
      const text = await response.text();
      if (response.ok) return JSON.parse(text) as Answer;
      throw new ExtensionsError(status, wordsOf(text));
    } catch (error) {
      if (error instanceof ExtensionsError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new ExtensionsError(status, `toxiproxy: ${method} ${this.#url}${path}: ${why}`);
    }
  }
}

function leaseBody(lease: LeaseWish | undefined): object {
  if (!lease) return {};
  const { id, ttlMs } = lease;
  return { lease: { ...(id ? { id } : {}), ...(ttlMs === undefined ? {} : { ttl_ms: ttlMs }) } };
}

/** The server's error text, or all of the body where it is not the server's. */
function wordsOf(text: string): string {
  try {
    return `toxiproxy: ${(JSON.parse(text) as { error: string }).error}`;
  } catch {
    return `toxiproxy: ${text.trim()}`;
  }
}
