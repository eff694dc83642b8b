/** A small real cluster that suffers faults: ten people, two at home at each of five DCs. */
import type { Fault } from '../../../chaos/plan.ts';
import {
  type ClusterRun,
  type ClusterRunInput,
  runCluster,
} from '../../../sim/cluster/run-cluster.ts';
import { intBelow, uniform53 } from '../../../sim/core/draws.ts';
import { keyOfSeed } from '../../../sim/core/seed.ts';
import { randomStream } from '../../../sim/core/streams.ts';
import fiveDatacentres from '../../../system-under-test/five-datacentres.json' with {
  type: 'json',
};
import { loadCrypto } from '../../../system-under-test/mtproto/crypto.ts';

const PEOPLE = 10;
const MESSAGES = 80;
const WINDOW_SECONDS = 16;

/** Everyone writes to everyone, evenly over the window, while the faults strike. */
export async function suffer(
  faults: readonly Fault[],
  options: { readonly seed?: string } & Pick<ClusterRunInput, 'onSecond'> = {},
): Promise<ClusterRun> {
  const { seed = 'survival', onSecond } = options;
  const random = randomStream(keyOfSeed(seed), 'survival.load');
  const people = Array.from({ length: PEOPLE }, (_, index) => {
    const homeDc = (index % 5) + 1;
    return { index, homeDc, phone: `99966${homeDc}000${index}`, name: `user ${index}` };
  });
  const dues = Array.from({ length: MESSAGES }, () => uniform53(random) * WINDOW_SECONDS * 1000);
  const messages = dues
    .sort((a, b) => a - b)
    .map((dueMs) => {
      const sender = intBelow(random, PEOPLE);
      const recipient = (sender + 1 + intBelow(random, PEOPLE - 1)) % PEOPLE;
      return { dueMs, sender, recipient, textBytes: 60 };
    });
  return runCluster({
    topology: fiveDatacentres,
    people,
    messages,
    warmupSeconds: 0,
    windowSeconds: WINDOW_SECONDS,
    faults,
    seed,
    crypto: await loadCrypto(),
    ...(onSecond ? { onSecond } : {}),
  });
}
