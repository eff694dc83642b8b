/**
 * The two questions of a datacentre that may have lost its disk, and their answers: how much of its
 * stream another DC has, and how much of its outbox.
 */
import type { PeerCalls } from './peer-calls.ts';

export const RESTORE_HAVE = 'restore.have';
export const RESTORE_TAKEN = 'restore.taken';

export interface Have {
  /** Last record of the asking DC's stream that is durable in the copy here; 0 for none. */
  readonly applied: number;
  /** Whether the copy is a state that its master was once in. */
  readonly whole: boolean;
  /** Last record of the answering DC's own stream. */
  readonly last: number;
}

export interface RestoreAnswers {
  readonly have: (from: number) => Have | Promise<Have>;
  /** Last number of the asking DC's outbox that was taken here; undefined while nobody knows. */
  readonly taken: (from: number) => number | undefined | Promise<number>;
}

export function answerRestores(calls: PeerCalls, { have, taken }: RestoreAnswers): void {
  calls.register(RESTORE_HAVE, async (from) => {
    const { applied, whole, last } = await have(from);
    return [applied, whole, last];
  });
  calls.register(RESTORE_TAKEN, async (from) => (await taken(from)) ?? null);
}

/** Undefined for what is no answer. */
export function receivedHave(answer: unknown): Have | undefined {
  const [applied, whole, last] = Array.isArray(answer) ? (answer as unknown[]) : [];
  if (!Number.isSafeInteger(applied) || !Number.isSafeInteger(last)) return undefined;
  return { applied: applied as number, whole: whole === true, last: last as number };
}
