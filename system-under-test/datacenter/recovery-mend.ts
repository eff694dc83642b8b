/**
 * Puts damaged entries right that a datacentre meets while it opens its store, before it is in
 * service: it asks those that have a copy, with links for questions only.
 */
import type { StoreWrite } from '../environment/index.ts';
import { type CallsOnlyOptions, listenForCalls } from './calls-only.ts';
import type { DamagedEntryError } from './checked-store.ts';
import { STREAM_PARTITION } from './keys.ts';
import type { Limits } from './limits.ts';
import { writtenSince } from './mender.ts';
import { NumberedLog } from './numbered-log.ts';
import { PeerCalls, Peers } from './peer-calls.ts';
import { domainOf, REPAIR_FETCH, receivedEntries } from './repair-calls.ts';

export interface MendOptions extends CallsOnlyOptions {
  readonly limits: Limits;
}

/** Resolves when the entries are sound; waits for somebody who has them. */
export async function mendBeforeService(
  options: MendOptions,
  { partition, keys }: DamagedEntryError,
): Promise<void> {
  const { dc, others, environment, limits } = options;
  const { store, log, clock } = environment;
  const domain = domainOf(partition);
  if (domain === undefined) throw new Error(`damage in ${partition} cannot be put right`);
  log.write('error', 'damage_found_at_start', { domain, entries: keys.length });
  const backbone = await listenForCalls(options, new PeerCalls());
  backbone.dial();
  const peers = new Peers((to) => backbone.link(to));
  const sources = domain === dc ? others : [domain];
  try {
    for (let at = 0; at < keys.length; at += limits.repairKeysMax) {
      const some = keys.slice(at, at + limits.repairKeysMax);
      const values = await fetched(some);
      await store.write(
        some.map((key, index): StoreWrite => {
          const value = values[index];
          return value
            ? { kind: 'put', partition, key, value }
            : { kind: 'delete', partition, key };
        }),
      );
    }
  } finally {
    await backbone.stop();
  }

  async function fetched(some: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    const stream = await NumberedLog.open(store, STREAM_PARTITION);
    for (;;) {
      for (const source of sources.filter((each) => peers.reach(each))) {
        const answer = await peers
          .ask(source, REPAIR_FETCH, [domain ?? 0, partition, some])
          .then((received) => receivedEntries(some.length, received))
          .catch(() => undefined);
        if (!answer) continue;
        if (domain !== dc) return [...answer.values];
        if (answer.position + 1 < stream.oldest) continue;
        const values = await writtenSince(stream, answer, partition, some, stream.last);
        if (values) return values;
      }
      await new Promise<void>((resolve) => clock.after(limits.damageRetryMs, resolve));
    }
  }
}
