/**
 * Several operations on proxies, all or nothing: everything is checked and every listener is bound
 * before the first of them takes effect; then they all do in one turn of the event loop, so that
 * no byte passes between the first and the last. What a batch did can be undone.
 */
import { ApiError } from '../api-error.ts';
import type { ProxyCollection } from '../proxy-collection.ts';
import { type Gate, readNewToxic, type TcpProxy } from '../tcp-proxy.ts';
import { type ToxicSettings, updatedToxic } from '../toxic-settings.ts';

export type Operation =
  | { readonly kind: 'enable' | 'disable'; readonly proxy: string }
  | { readonly kind: 'add_toxic'; readonly proxy: string; readonly toxic: unknown }
  | {
      readonly kind: 'update_toxic';
      readonly proxy: string;
      readonly name: string;
      readonly toxic: unknown;
    }
  | { readonly kind: 'remove_toxic'; readonly proxy: string; readonly name: string }
  | { readonly kind: 'cut'; readonly proxy: string; readonly withinBytes: number };

/** What takes back one thing that a batch did; where that is gone already, it does nothing. */
export type Undo =
  | { readonly kind: 'enable' | 'disable' | 'spare'; readonly proxy: TcpProxy }
  | { readonly kind: 'remove_toxic'; readonly proxy: TcpProxy; readonly toxic: ToxicSettings }
  | {
      readonly kind: 'put_toxic';
      readonly proxy: TcpProxy;
      readonly toxic: ToxicSettings;
      readonly index: number;
      /** It was changed, not removed. */
      readonly wasChanged: boolean;
    };

export interface BatchResult {
  /** Operations that changed something: a proxy that is disabled already stays as it is. */
  readonly changed: number;
  /** From before the first effect until after the last, microseconds. */
  readonly skewUs: number;
  /** Connections that are to be cut. */
  readonly cuts: number;
  /** In the order of what was done. */
  readonly undos: readonly Undo[];
  /** Proxies that the batch wants disabled, those that were so before too. */
  readonly disabled: readonly TcpProxy[];
}

/** An operation that has been checked; running it cannot fail. */
interface Step {
  run(): Undo | undefined;
}

/** Call it within `ProxyCollection.exclusively`. Rejects with all that is wrong at once. */
export async function runBatch(
  proxies: ProxyCollection,
  operations: readonly Operation[],
): Promise<BatchResult> {
  const unknown = operations.flatMap(({ proxy }, index) =>
    proxies.find(proxy) ? [] : [`operation ${index + 1}: there is no proxy '${proxy}'`],
  );
  refuse(404, unknown);
  const gates = await prepareAll(toBeEnabled(proxies, operations));
  const closings: Promise<void>[] = [];
  let cuts = 0;
  const disabled = new Set<TcpProxy>();
  try {
    const steps = planned(proxies, operations, {
      enable: (proxy) => {
        gates.get(proxy)?.open();
        gates.delete(proxy);
      },
      disable: (proxy) => {
        disabled.add(proxy);
        closings.push(proxy.stop());
      },
      cut: (proxy, withinBytes) => {
        cuts += proxy.cutWithin(withinBytes);
      },
    });
    const startMs = performance.now();
    const undos = steps.map((step) => step.run()).filter((undo) => undo !== undefined);
    const skewUs = Math.round((performance.now() - startMs) * 1_000);
    await Promise.all(closings);
    return { changed: undos.length, skewUs, cuts, undos, disabled: [...disabled] };
  } finally {
    await Promise.all([...gates.values()].map((gate) => gate.close()));
  }
}

/** Undoes in the opposite order. What could not be undone comes back, with the reason. */
export async function undoAll(
  proxies: ProxyCollection,
  undos: readonly Undo[],
): Promise<{ readonly undone: number; readonly left: readonly Undo[]; readonly why: string[] }> {
  const standing = undos.filter(({ proxy }) => proxies.find(proxy.name) === proxy);
  const gates = new Map<TcpProxy, Gate>();
  const left: Undo[] = [];
  const why: string[] = [];
  for (const undo of standing) {
    if (undo.kind !== 'enable' || undo.proxy.enabled || gates.has(undo.proxy)) continue;
    try {
      gates.set(undo.proxy, await undo.proxy.prepare());
    } catch (error) {
      left.push(undo);
      why.push(`${undo.proxy.name} cannot be enabled: ${(error as Error).message}`);
    }
  }
  let undone = 0;
  for (const undo of standing.toReversed()) if (undoOne(undo, gates)) undone++;
  return { undone, left, why };
}

function undoOne(undo: Undo, gates: ReadonlyMap<TcpProxy, Gate>): boolean {
  const { proxy } = undo;
  switch (undo.kind) {
    case 'enable':
      if (proxy.enabled) return false;
      gates.get(proxy)?.open();
      return gates.has(proxy);
    case 'disable':
      if (!proxy.enabled) return false;
      void proxy.stop();
      return true;
    case 'spare':
      proxy.spare();
      return true;
    case 'remove_toxic': {
      const toxic = proxy.toxics.find(({ identity }) => identity === undo.toxic.identity);
      if (toxic) proxy.removeToxic(toxic.name);
      return toxic !== undefined;
    }
    case 'put_toxic': {
      const present = proxy.toxics.find(({ name }) => name === undo.toxic.name);
      const fits = undo.wasChanged ? present?.identity === undo.toxic.identity : !present;
      if (fits) proxy.putToxic(undo.toxic, Math.min(undo.index, proxy.toxics.length));
      return fits;
    }
  }
}

/** Those that are not enabled yet. */
function toBeEnabled(proxies: ProxyCollection, operations: readonly Operation[]): TcpProxy[] {
  const wanted = operations.filter(({ kind }) => kind === 'enable');
  const all = new Set(wanted.map(({ proxy }) => proxies.get(proxy)));
  return [...all].filter((proxy) => !proxy.enabled);
}

async function prepareAll(wanted: readonly TcpProxy[]): Promise<Map<TcpProxy, Gate>> {
  const gates = new Map<TcpProxy, Gate>();
  try {
    for (const proxy of wanted) gates.set(proxy, await proxy.prepare());
    return gates;
  } catch (error) {
    await Promise.all([...gates.values()].map((gate) => gate.close()));
    throw error;
  }
}

interface Effects {
  enable(proxy: TcpProxy): void;
  disable(proxy: TcpProxy): void;
  cut(proxy: TcpProxy, withinBytes: number): void;
}

/** What the operations so far will have done. */
interface Ahead {
  readonly toxics: Map<TcpProxy, ToxicSettings[]>;
  readonly switched: Set<TcpProxy>;
}

/** Checks every operation against what those before it will have done. */
function planned(
  proxies: ProxyCollection,
  operations: readonly Operation[],
  effects: Effects,
): Step[] {
  const problems: string[] = [];
  const ahead: Ahead = { toxics: new Map(), switched: new Set() };
  const steps = operations.flatMap((operation, index) => {
    try {
      return [plannedOne(operation, proxies.get(operation.proxy), ahead, effects)];
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      problems.push(`operation ${index + 1}: ${error.message}`);
      return [];
    }
  });
  refuse(400, problems);
  return steps;
}

function plannedOne(operation: Operation, proxy: TcpProxy, ahead: Ahead, effects: Effects): Step {
  const toxics = ahead.toxics.get(proxy) ?? [...proxy.toxics];
  ahead.toxics.set(proxy, toxics);
  switch (operation.kind) {
    case 'enable':
    case 'disable': {
      const { kind } = operation;
      if (ahead.switched.has(proxy)) {
        throw new ApiError(400, `${proxy.name} is enabled or disabled twice`);
      }
      ahead.switched.add(proxy);
      const isSo = proxy.enabled === (kind === 'enable');
      const undo: Undo = { kind: kind === 'enable' ? 'disable' : 'enable', proxy };
      return stepOf(() => effects[kind](proxy), isSo ? undefined : undo);
    }
    case 'cut':
      return stepOf(() => effects.cut(proxy, operation.withinBytes), { kind: 'spare', proxy });
    case 'add_toxic': {
      const toxic = readNewToxic(operation.toxic, toxics);
      const index = toxics.push(toxic) - 1;
      return stepOf(() => proxy.putToxic(toxic, index), { kind: 'remove_toxic', proxy, toxic });
    }
    case 'update_toxic': {
      const index = placeOf(operation.name, toxics, proxy);
      const before = toxics[index]!;
      const toxic = updatedToxic(before, operation.toxic);
      toxics[index] = toxic;
      const undo = { kind: 'put_toxic', proxy, toxic: before, index, wasChanged: true } as const;
      return stepOf(() => proxy.putToxic(toxic, index), undo);
    }
    case 'remove_toxic': {
      const index = placeOf(operation.name, toxics, proxy);
      const toxic = toxics.splice(index, 1)[0]!;
      const undo = { kind: 'put_toxic', proxy, toxic, index, wasChanged: false } as const;
      return stepOf(() => proxy.removeToxic(toxic.name), undo);
    }
  }
}

function placeOf(name: string, toxics: readonly ToxicSettings[], proxy: TcpProxy): number {
  const found = toxics.findIndex((toxic) => toxic.name === name);
  if (found >= 0) return found;
  throw new ApiError(404, `there is no toxic '${name}' on ${proxy.name}`);
}

function stepOf(effect: () => void, undo: Undo | undefined): Step {
  return {
    run() {
      effect();
      return undo;
    },
  };
}

function refuse(status: number, problems: readonly string[]): void {
  if (problems.length > 0) throw new ApiError(status, problems.join('; '));
}
