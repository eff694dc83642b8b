/**
 * What a driver does once, around the load: its `setup` before, its `teardown` after, with limits
 * on their time and on what threads are handed.
 */
import { serialize } from 'node:v8';
import type { Driver, DriverRun } from '../../sim/users/driver.ts';
import { abortable } from '../worlds/live-waiting.ts';

/** Beyond them a mistake is likelier than a need. */
export const SETUP_LIMITS = {
  setupMs: 300_000,
  teardownMs: 60_000,
  /** As threads are handed it; each has a copy. */
  dataBytes: 64 << 20,
};

type Limits = typeof SETUP_LIMITS;

/**
 * What `setup` returned; undefined without one. Rejects with what it throws, when it takes too
 * long, when that cannot be handed to threads, and with the signal's reason.
 */
export async function setUp(
  driver: Driver,
  run: DriverRun,
  limits: Limits = SETUP_LIMITS,
): Promise<unknown> {
  if (!driver.setup) return undefined;
  const late = `setup took longer than ${limits.setupMs / 1_000} s`;
  const data = await within(limits.setupMs, late, run.signal, (signal) =>
    driver.setup!({ ...run, signal }),
  ).catch((error: unknown) => {
    run.signal.throwIfAborted();
    const why = messageOf(error);
    throw new Error(why === late ? late : `setup: ${why}`, { cause: error });
  });
  const problem = dataProblem(data, limits.dataBytes);
  if (problem !== undefined) throw new Error(`setup: ${problem}`);
  return data;
}

/** Why `teardown` failed; undefined where it did not. Runs on where the run was interrupted. */
export async function tearDown(
  driver: Driver,
  data: unknown,
  run: Omit<DriverRun, 'signal'>,
  limits: Limits = SETUP_LIMITS,
): Promise<string | undefined> {
  if (!driver.teardown) return undefined;
  const never = new AbortController().signal;
  const late = `took longer than ${limits.teardownMs / 1_000} s`;
  try {
    await within(limits.teardownMs, late, never, (signal) =>
      driver.teardown!(data, { ...run, signal }),
    );
    return undefined;
  } catch (error) {
    const left = 'what it was to undo may still be there';
    return `teardown: ${messageOf(error)}; ${left}`;
  }
}

async function within<T>(
  ms: number,
  late: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => T | Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(new Error(late)), ms);
  const either = AbortSignal.any([signal, deadline.signal]);
  try {
    return await abortable(Promise.resolve(work(either)), either);
  } finally {
    clearTimeout(timer);
  }
}

function dataProblem(data: unknown, bytesMax: number): string | undefined {
  let bytes: number;
  try {
    bytes = serialize(data).byteLength;
  } catch (error) {
    const right = 'return plain data: objects, lists, texts, numbers, maps';
    return `threads cannot be handed what it returned (${messageOf(error)}); ${right}`;
  }
  if (bytes <= bytesMax) return undefined;
  const megabytes = (size: number): string => `${(size / 2 ** 20).toFixed(1)} MiB`;
  return `returned ${megabytes(bytes)}; each thread has a copy, of at most ${megabytes(bytesMax)}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
