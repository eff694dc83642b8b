/**
 * The links between DCs as a directed matrix. DC 1 dials DC 3 through the proxy `link_1_3`, clients
 * reach DC 3 through `dc3`, and through `gw3` where there is one (names.ts). A call names the pairs
 * that are cut, or a shape of them:
 *
 *     {"shape": "partition", "groups": [[1, 2], [3, 4, 5]]}
 *     {"shape": "one_way", "from": [1], "to": [3]}
 *     {"shape": "bridge", "groups": [[1, 2], [4, 5]], "bridge": 3}
 *     {"shape": "ring", "dcs": [1, 2, 3, 4, 5]}
 *     {"pairs": [[1, 3], [3, 1]], "clients": [2]}
 *
 * `how` says in which way the bytes of a pair (a, b) stop:
 * - `hold`: what a sends waits and is not lost, on connections that a dialled and that b dialled.
 * - `refuse` (default): a's dials to b are refused and its connections closed; where b may still
 *   reach a, what a sends back on the connections that b dialled is held.
 */
import { ApiError, badBody } from '../api-error.ts';
import { fieldsOf, type JsonObject, listOf, stringField } from '../json-body.ts';
import { LIMITS } from '../limits.ts';
import { clientProxy, gatewayProxy, linkProxy } from '../names.ts';
import type { ProxyCollection } from '../proxy-collection.ts';
import type { TcpProxy } from '../tcp-proxy.ts';
import type { Direction } from '../toxic-settings.ts';
import type { Operation } from './batch.ts';
import type { LeaseWish } from './leases.ts';
import { optionalWhole, readLease, tooMany } from './requests.ts';
import { bridgePairs, oneWayPairs, type Pair, partitionPairs, ringPairs } from './shapes.ts';

export interface MatrixWish {
  readonly pairs: readonly Pair[];
  /** DCs that their clients cannot reach. */
  readonly clients: readonly number[];
  readonly how: 'refuse' | 'hold';
  readonly lease?: LeaseWish;
}

const SHAPES = ['partition', 'one_way', 'bridge', 'ring'] as const;

export function readMatrix(body: unknown): MatrixWish {
  const fields = fieldsOf(body, 'a matrix');
  const how = stringField(fields, 'how') ?? 'refuse';
  if (how !== 'refuse' && how !== 'hold') {
    throw new ApiError(400, `how '${how}': use refuse or hold`);
  }
  const clients = readDcs(fields, 'clients') ?? [];
  const pairs = readPairs(fields);
  if (pairs.length + clients.length === 0) {
    throw new ApiError(400, `cut nothing: give pairs, a shape (${SHAPES.join(', ')}) or clients`);
  }
  tooMany(2 * (pairs.length + clients.length));
  return { pairs: distinct(pairs), clients: [...new Set(clients)], how, ...readLease(fields) };
}

/** Throws an ApiError with every pair that has no proxy. */
export function matrixOperations(proxies: ProxyCollection, wish: MatrixWish): Operation[] {
  const { pairs, clients, how, lease } = wish;
  const cut = new Set(pairs.map(keyOf));
  const missing: string[] = [];
  const disable = (name: string): Operation[] => [{ kind: 'disable', proxy: name }];
  const hold = (name: string, stream: Direction): Operation[] => {
    // One for each lease, so that the pair is open again only with the last of them.
    const toxic = { name: `hold_${stream}_${lease?.id ?? 'matrix'}`, type: 'hold', stream };
    const held = proxies.find(name)?.toxics.some((other) => other.name === toxic.name);
    return held ? [] : [{ kind: 'add_toxic', proxy: name, toxic }];
  };
  const has = (name: string): boolean => proxies.find(name) !== undefined;
  const ofPairs = pairs.flatMap(({ from, to }) => {
    const [there, back] = [linkProxy(from, to), linkProxy(to, from)];
    if (!has(there) && !has(back)) missing.push(`${from} to ${to}`);
    const onBack = has(back) ? hold(back, 'downstream') : [];
    if (how === 'hold') return [...(has(there) ? hold(there, 'upstream') : []), ...onBack];
    const isBackCut = cut.has(keyOf({ from: to, to: from }));
    return [...(has(there) ? disable(there) : []), ...(isBackCut ? [] : onBack)];
  });
  const ofClients = clients.flatMap((dc) => {
    const names = [clientProxy(dc), gatewayProxy(dc)].filter(has);
    if (names.length === 0) missing.push(`clients of ${dc}`);
    return names.flatMap((name) =>
      how === 'refuse' ? disable(name) : [...hold(name, 'upstream'), ...hold(name, 'downstream')],
    );
  });
  if (missing.length > 0) {
    throw new ApiError(404, `there are no proxies for: ${missing.join(', ')}`);
  }
  return [...ofPairs, ...ofClients];
}

/** For every pair that has a proxy: whether bytes get through what `from` dials, and why not. */
export function matrixJson(proxies: ProxyCollection): object {
  const links = proxies.all().flatMap((proxy) => {
    const match = /^link_(\d{1,3})_(\d{1,3})$/.exec(proxy.name);
    return match ? [{ from: Number(match[1]), to: Number(match[2]), proxy }] : [];
  });
  const dcs = [...new Set(links.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
  return {
    dcs,
    pairs: links.map(({ from, to, proxy }) => ({ from, to, ...stateOf(proxy, 'upstream') })),
  };
}

function stateOf(proxy: TcpProxy, stream: Direction): { state: string; toxics?: string[] } {
  if (!proxy.enabled) return { state: 'refused' };
  const toxics = proxy.toxics.filter(({ direction }) => direction === stream);
  if (toxics.some(({ kind }) => kind.type === 'hold')) return { state: 'held' };
  if (toxics.length === 0) return { state: 'open' };
  return { state: 'changed', toxics: toxics.map(({ name }) => name) };
}

function readPairs(fields: JsonObject): Pair[] {
  const pairs = listOf(fields.get('pairs') ?? null, 'pairs').map((item): Pair => {
    const [from, to, ...more] = listOf(item, 'a pair');
    if (!isDc(from) || !isDc(to) || more.length > 0 || from === to) {
      throw badBody(
        `a pair must be two different DCs, such as [1, 3], not ${JSON.stringify(item)}`,
      );
    }
    return { from, to };
  });
  return [...pairs, ...readShape(fields)];
}

function readShape(fields: JsonObject): Pair[] {
  const shape = stringField(fields, 'shape');
  if (shape === undefined) return [];
  switch (shape) {
    case 'partition':
      return partitionPairs(readGroups(fields));
    case 'one_way':
      return oneWayPairs(needed(fields, 'from'), needed(fields, 'to'));
    case 'bridge': {
      const bridge = optionalWhole(fields, 'bridge', 1, LIMITS.dcMax);
      if (bridge === undefined) throw new ApiError(400, 'missing required field: bridge');
      return bridgePairs(readGroups(fields), bridge);
    }
    case 'ring': {
      const dcs = needed(fields, 'dcs');
      if (dcs.length < 4) throw new ApiError(400, 'dcs: a ring of fewer than 4 cuts nothing');
      return ringPairs(dcs);
    }
    default:
      throw new ApiError(400, `shape '${shape}': use ${SHAPES.join(', ')}`);
  }
}

function readGroups(fields: JsonObject): number[][] {
  const groups = listOf(fields.get('groups') ?? null, 'groups').map((group) => dcsOf(group));
  const all = groups.flat();
  if (groups.length < 2) throw new ApiError(400, 'groups: give at least two');
  if (new Set(all).size < all.length) throw new ApiError(400, 'groups: a DC is in two of them');
  return groups;
}

function needed(fields: JsonObject, name: string): number[] {
  const dcs = readDcs(fields, name);
  if (!dcs || dcs.length === 0) throw new ApiError(400, `missing required field: ${name}`);
  return [...new Set(dcs)];
}

function readDcs(fields: JsonObject, name: string): number[] | undefined {
  return fields.has(name) ? dcsOf(fields.get(name)) : undefined;
}

function dcsOf(value: unknown): number[] {
  const list = listOf(value, 'DCs');
  if (list.length <= LIMITS.dcMax && list.every(isDc)) return list as number[];
  throw badBody(`DCs must be a list of whole numbers from 1 to ${LIMITS.dcMax}`);
}

const isDc = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= LIMITS.dcMax;

const keyOf = ({ from, to }: Pair): string => `${from} ${to}`;

function distinct(pairs: readonly Pair[]): Pair[] {
  return [...new Map(pairs.map((pair) => [keyOf(pair), pair])).values()];
}
