/**
 * The backbone of a datacentre that is not in service yet: it asks the others and answers them, but
 * takes nothing, sends none of its logs, and counts as down.
 */
import type { Environment } from '../environment/index.ts';
import { Backbone } from './backbone.ts';
import { Inbound, type IncomingHandlers } from './incoming-link.ts';
import { outboxPartition, STREAM_PARTITION } from './keys.ts';
import { NumberedLog } from './numbered-log.ts';
import type { PeerCalls } from './peer-calls.ts';

export interface CallsOnlyOptions {
  readonly dc: number;
  readonly others: readonly number[];
  readonly environment: Environment;
  readonly secret: Uint8Array;
  /** Where the backbone listens, and where the other DCs are dialled. */
  readonly listen: string;
  readonly peers: ReadonlyMap<number, string>;
}

/** Listens already; dials when it is told to. */
export async function listenForCalls(
  options: CallsOnlyOptions,
  calls: PeerCalls,
): Promise<Backbone> {
  const { dc, others, environment, secret, listen, peers } = options;
  const { clock, log, network, randomness, store } = environment;
  const handlers = onlyCalls((from, name, body) => calls.answer(from, name, body));
  const outboxes = new Map<number, NumberedLog>();
  for (const to of others) outboxes.set(to, await NumberedLog.open(store, outboxPartition(to)));
  const backbone = new Backbone({
    self: dc,
    listen,
    peers,
    secret,
    clock,
    network,
    randomness,
    log,
    stream: await NumberedLog.open(store, STREAM_PARTITION),
    outboxes,
    inbounds: new Map(others.map((from) => [from, new Inbound(from, 0, 0, handlers)])),
    handlers,
    onState: () => {},
    onAcknowledged: () => {},
    queuedFor: () => [],
    onPosition: () => {},
    onStuck: () => {},
    onLost: () => {},
    callsOnly: true,
  });
  await backbone.listen();
  return backbone;
}

/** A link on which nothing but calls may come. */
function onlyCalls(call: IncomingHandlers['call']): IncomingHandlers {
  const refuse = (): never => {
    throw new Error('this datacentre is not in service yet');
  };
  const nothing = (): void => {};
  return {
    call,
    position: () => 0,
    lost: nothing,
    streamDurable: nothing,
    outboxDurable: nothing,
    fatal: nothing,
    applyStream: refuse,
    applyOutbox: refuse,
    skipOutbox: refuse,
    execute: async () => refuse(),
    cannotResume: refuse,
    heard: refuse,
    at: refuse,
    push: refuse,
    attach: refuse,
    detach: refuse,
    interest: refuse,
    disinterest: refuse,
    post: refuse,
    evict: refuse,
    queued: refuse,
  };
}
