/**
 * Worker thread of the five-datacentre live world: its share of the virtual users, over MTProto.
 * Signs in, sends and hears until told to stop, then compares its users' boxes.
 */
import { createNodeNetwork } from '../../system-under-test/live/node-network.ts';
import { createNodeRandomness } from '../../system-under-test/live/node-randomness.ts';
import { loadCrypto } from '../../system-under-test/mtproto/crypto.ts';
import { RsaPublicKey } from '../../system-under-test/mtproto/rsa.ts';
import type { Topology } from '../../system-under-test/topology.ts';
import { Crowd, type CrowdPerson } from '../users/crowd.ts';
import { Ledger, type Violation } from '../users/ledger.ts';
import { bookOf, messagesOf, type SharedBook } from '../users/load-book.ts';
import { PeopleWords } from '../users/people-words.ts';
import { SharedLedger } from '../users/shared-ledger.ts';
import { createCommonClock } from './common-clock.ts';
import { LoadControl, type SharedControl } from './load-control.ts';
import { meterThread, type ThreadMeter } from './load-meter.ts';

export interface CrowdTask {
  readonly thread: number;
  readonly threads: number;
  /** Everyone; those of this thread are known by their index, as in load-worker.ts. */
  readonly people: readonly CrowdPerson[];
  readonly book: SharedBook;
  readonly control: SharedControl;
  /** By user: the DC to which the device is connected, 0 for none; written here for its users. */
  readonly places: SharedArrayBuffer;
  readonly topology: Topology;
  readonly addresses: ReadonlyMap<number, string>;
  readonly rsaPublicKeyPem: string;
  readonly warmupMs: number;
  readonly signInsAtOnce: number;
  /** Of what people write; see people-words.ts. */
  readonly seed: string;
}

export interface CrowdReport {
  readonly thread: number;
  readonly meter: ThreadMeter;
  readonly violations: readonly Violation[];
  /** Why the boxes could not be compared. */
  readonly auditFailure: string | undefined;
}

const LOOK_MS = 5;
const PLACES_MS = 50;

export default async function crowdWorker(task: CrowdTask): Promise<CrowdReport> {
  const { thread, threads, people, warmupMs, topology, addresses, signInsAtOnce } = task;
  const control = new LoadControl(task.control);
  const book = bookOf(task.book);
  const clock = createCommonClock();
  const own = messagesOf(book, thread, threads);
  const startMs = (): number => control.times.startMs;
  const nowMs = (): number => clock.monotonicMs();
  const network = createNodeNetwork();
  const randomness = createNodeRandomness();
  const words = new PeopleWords(task.seed);
  const ledger = new SharedLedger({ book, own, startMs, warmupMs, nowMs });
  const crowd = new Crowd({
    ...{ people, warmupMs, topology, addresses, clock, signInsAtOnce, ledger },
    mine: (index) => index % threads === thread,
    messages: Array.from(own, (n) => ({
      dueMs: book.dueMs[n]!,
      sender: book.sender[n]!,
      recipient: book.recipient[n]!,
      textBytes: book.textBytes[n]!,
    })),
    textOf: (id, bytes) => Ledger.textOf(id, bytes, words.wordsOf(id, bytes)),
    networkOf: () => network,
    randomnessOf: () => randomness,
    crypto: await loadCrypto(),
    rsaPublicKeys: [new RsaPublicKey(task.rsaPublicKeyPem)],
  });
  const places = new Uint8Array(task.places);
  const looking = setInterval(() => {
    for (const user of crowd.users) places[user.index] = user.connectedTo ?? 0;
    if (control.started && crowd.loadDone) control.is(thread, 'sent');
  }, PLACES_MS);
  try {
    // Of two steps: signing in and finding contacts.
    const arrived = (done: number): void => control.hasDone(thread, done * crowd.users.length);
    await crowd.arrive(arrived, async () => {
      control.is(thread, 'arrived');
      await until(() => control.allAre('arrived'));
    });
    control.is(thread, 'ready');
    await until(() => control.started);
    crowd.startLoad(startMs());
    const metered = meterThread();
    await until(() => control.stopping);
    const meter = metered();
    const auditFailure = await crowd
      .audit((done) => control.hasDone(thread, done * crowd.users.length))
      .then(
        () => undefined,
        (error: Error) => error.message,
      );
    return { thread, meter, violations: ledger.violations, auditFailure };
  } finally {
    clearInterval(looking);
    crowd.stop();
    network.close();
    control.is(thread, 'closed');
  }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}
