/**
 * Worker thread of the live load: its share of the users, behind a driver that it loads itself.
 * Begins and ends when the control says so, meters itself over the window, and has boxes read in
 * the end where the driver can.
 */

import type { Driver, DriverUser } from '../users/driver.ts';
import { DriverCrowd } from '../users/driver-crowd.ts';
import { bookOf, messagesOf, type SharedBook } from '../users/load-book.ts';
import { PeopleWords } from '../users/people-words.ts';
import { createCommonClock } from './common-clock.ts';
import { LoadControl, type SharedControl } from './load-control.ts';
import { meterThread, type ThreadMeter } from './load-meter.ts';
import { importPersonModule, type PersonModule } from './person-module.ts';

export interface LoadTask {
  readonly thread: number;
  readonly threads: number;
  readonly driver: PersonModule;
  /** Of this thread: those whose index leaves `thread` when divided by `threads`. */
  readonly users: readonly DriverUser[];
  readonly book: SharedBook;
  readonly control: SharedControl;
  /** See message-text.ts. */
  readonly run: string;
  /** Of what people write; see people-words.ts. */
  readonly seed: string;
  /** Of the driver's setup. */
  readonly data: unknown;
  /** By user: the datacentre that serves them, 0 for none; written here for its users. */
  readonly places: SharedArrayBuffer;
}

export interface LoadReport {
  readonly thread: number;
  readonly meter: ThreadMeter;
  /** Messages that reached somebody who is not their recipient. */
  readonly strays: number;
  /** Why messages were not sent and connections broke, with how often. */
  readonly reasons: readonly (readonly [why: string, count: number])[];
  /** Why boxes could not be read in the end. */
  readonly boxProblems: readonly string[];
}

const LOOK_MS = 5;

export default async function loadWorker(task: LoadTask): Promise<LoadReport> {
  const { thread, threads, users, run, data } = task;
  const control = new LoadControl(task.control);
  const book = bookOf(task.book);
  const clock = createCommonClock();
  const own = messagesOf(book, thread, threads);
  const driver = (await importPersonModule(task.driver))['default'] as Driver;
  const words = new PeopleWords(task.seed);
  const wordsOf = (n: number, bytes: number): string => words.wordsOf(n, bytes);
  const places = new Uint8Array(task.places);
  const crowd = new DriverCrowd({
    ...{ driver, data, users, book, own, run, clock, wordsOf, places },
  });
  try {
    await crowd.arrive((connected) => control.hasDone(thread, connected));
    control.is(thread, 'ready');
    await until(() => control.started);
    const { startMs, windowStartMs, windowEndMs } = control.times;
    crowd.start(startMs);
    await until(() => control.stopping || clock.monotonicMs() >= windowStartMs);
    const metered = meterThread();
    await until(() => control.stopping || clock.monotonicMs() >= windowEndMs);
    const meter = metered();
    await until(() => {
      if (crowd.allSent) control.is(thread, 'sent');
      return control.stopping;
    });
    const boxProblems = await crowd.readBoxes((read) => control.hasDone(thread, read));
    const { strays, reasons } = crowd;
    return { thread, meter, strays, reasons, boxProblems };
  } finally {
    crowd.stop();
    control.is(thread, 'closed');
  }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}
