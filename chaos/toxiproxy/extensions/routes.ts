/**
 * What this server can do beyond toxiproxy-server 2.12, under /quincunx, a path that no client of
 * the real one uses. Bodies are JSON, read as leniently as the API's own; errors look like its.
 *
 *     GET    /quincunx                     { "extensions": 1, "seed": "..." }
 *     POST   /quincunx/batch               { "operations": [...], "lease"?: {...} }
 *     GET    /quincunx/matrix              which directed pairs of DCs are open, refused or held
 *     POST   /quincunx/matrix              { "shape" or "pairs" ..., "how"?, "lease"? } (matrix.ts)
 *     POST   /quincunx/cut                 { "proxies": [...], "within_bytes": n, "lease"? }
 *     GET    /quincunx/leases              all that are running
 *     POST   /quincunx/leases/ID           renews it; { "ttl_ms": n } changes its time to live
 *     DELETE /quincunx/leases/ID           ends it: all that was done under it is undone
 *     GET    /quincunx/injected            what was really done, for each proxy and toxic
 *     DELETE /quincunx/injected            counts from here on
 *     GET    /quincunx/decisions?since=n   what chance decided, from number n on
 *
 * An operation is { "do": "enable" | "disable" | "remove_toxic" | "add_toxic" | "update_toxic" |
 * "cut", "proxy": NAME } with "toxic": {...} as in the API, "name" of a toxic, or "within_bytes".
 * A batch is all or nothing; its answer has "skew_us", the time from before its first effect until
 * after its last. A lease is { "id"?, "ttl_ms"? }: when nobody renews it in time, or it is ended,
 * the server undoes what was done under it. POST /reset puts everything back and ends all leases.
 */
import { ApiError } from '../api-error.ts';
import { fieldsOf } from '../json-body.ts';
import { LIMITS } from '../limits.ts';
import type { ProxyCollection } from '../proxy-collection.ts';
import type { Operation } from './batch.ts';
import type { DecisionLog } from './decision-log.ts';
import type { Leases, LeaseWish } from './leases.ts';
import { matrixJson, matrixOperations, readMatrix } from './matrix.ts';
import { readBatch, readCut, readTtl } from './requests.ts';

/** Raised when a client of the extensions would break. */
export const EXTENSIONS_VERSION = 1;

export interface ExtensionsContext {
  readonly proxies: ProxyCollection;
  readonly leases: Leases;
  readonly decisions: DecisionLog;
  readonly seed: string;
}

interface Call {
  readonly names: readonly string[];
  readonly query: URLSearchParams;
  readonly body: () => Promise<unknown>;
}

type Handler = (context: ExtensionsContext, call: Call) => object | Promise<object>;

/** Paths below /quincunx; "*" stands for a name. Everything answers 200 with a body. */
export const EXTENSION_ROUTES: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  '': { GET: ({ seed }) => ({ extensions: EXTENSIONS_VERSION, seed }) },
  batch: {
    POST: async ({ leases }, { body }) => {
      const { operations, lease } = readBatch(await body());
      return await run(leases, operations, lease);
    },
  },
  matrix: {
    GET: ({ proxies }) => matrixJson(proxies),
    POST: async ({ proxies, leases }, { body }) => {
      const { lease, ...read } = readMatrix(await body());
      const wish = { ...read, ...(lease ? { lease: leases.named(lease) } : {}) };
      const operations = matrixOperations(proxies, wish);
      const pairs = wish.pairs.length;
      return { pairs, ...(await run(leases, operations, wish.lease)) };
    },
  },
  cut: {
    POST: async ({ leases }, { body }) => {
      const { operations, lease } = readCut(await body());
      return await run(leases, operations, lease);
    },
  },
  leases: { GET: ({ leases }) => ({ leases: leases.json() }) },
  'leases/*': {
    POST: async ({ leases }, { names, body }) => {
      const ttlMs = readTtl(fieldsOf(await body(), 'a lease'));
      return leases.renew(names[0]!, ttlMs);
    },
    DELETE: ({ leases }, { names }) => leases.end(names[0]!),
  },
  injected: {
    GET: ({ proxies }) => ({
      proxies: Object.fromEntries(proxies.all().map((each) => [each.name, each.injectedJson()])),
    }),
    DELETE: ({ proxies }) => {
      for (const proxy of proxies.all()) proxy.forgetInjected();
      return {};
    },
  },
  decisions: {
    GET: ({ decisions, seed }, { query }) => {
      const since = query.get('since') ?? '0';
      if (!/^\d{1,15}$/.test(since))
        throw new ApiError(400, `since '${since}': use a whole number`);
      return { seed, ...decisions.json(Number(since), LIMITS.decisionsMax) };
    },
  },
};

async function run(
  leases: Leases,
  operations: readonly Operation[],
  wish: LeaseWish | undefined,
): Promise<object> {
  const { result, lease } = await leases.run(operations, wish);
  const { changed, cuts, skewUs } = result;
  return { operations: operations.length, changed, cuts, skew_us: skewUs, lease };
}
