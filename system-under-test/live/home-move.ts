/**
 * Moving somebody's home in a running cluster, as its operator asks for it: the DC where the number
 * was born knows where its owner is at home, and only that home can give the owner away
 * (services/moving.ts). Asks them in this order, and again while the move must wait.
 */
import type { Clock } from '../environment/index.ts';
import type { Located } from '../services/moving.ts';
import { dcIds, homeOfPhone, type Topology } from '../topology.ts';

/** What the process of a datacentre is asked. */
export type HomeQuestion =
  | { readonly ask: 'locate'; readonly phone: string }
  | { readonly ask: 'move'; readonly userId: number; readonly to: number };

export type HomeAnswer =
  /** Absent when the number is nobody's. */
  | { readonly kind: 'located'; readonly located?: Located }
  | { readonly kind: 'moved' }
  /** The text of the `RpcError`, or what else went wrong. */
  | { readonly kind: 'refused'; readonly why: string };

/** `moved` is false for a user who was at home there already. */
export interface MoveSummary {
  readonly userId: number;
  readonly from: number;
  readonly to: number;
  readonly moved: boolean;
}

export interface HomeMoveOptions {
  readonly topology: Topology;
  readonly clock: Clock;
  readonly isRunning: (dc: number) => boolean;
  /** Answers within a bounded time; `refused` when the DC ends or does not answer. */
  readonly ask: (dc: number, question: HomeQuestion) => Promise<HomeAnswer>;
  /** Aborted: nothing more is asked. */
  readonly signal?: AbortSignal;
}

/** What phone numbers look like here: digits only, as many as signing in takes. */
export const PHONE: RegExp = /^\d{7,15}$/;

const TRY_MS_MAX = 10_000;
const TRY_EVERY_MS = 250;

/**
 * What passes by itself: a link is just coming up or writes are held back (HOME_BUSY); the user is
 * still on the way from an earlier move (USER_ID_INVALID at a home that the DC of birth has named).
 */
const PASSING = new Set(['HOME_BUSY', 'USER_ID_INVALID']);

/**
 * Resolves when the move is decided, durably. Rejects, in words for the operator, when there is no
 * such number or DC, when a DC does not run, or when it has not become possible within 10 s.
 */
export async function moveHomeOf(
  options: HomeMoveOptions,
  phone: string,
  to: number,
): Promise<MoveSummary> {
  const { topology, clock, isRunning, ask, signal } = options;
  const dcs = dcIds(topology);
  if (!dcs.includes(to)) throw new Error(`there is no DC ${to}; use one of ${dcs.join(', ')}`);
  const endMs = clock.monotonicMs() + TRY_MS_MAX;
  for (;;) {
    signal?.throwIfAborted();
    const { userId, home } = await locate(options, phone);
    if (home === to) return { userId, from: home, to, moved: false };
    const missing = dcs.filter((dc) => !isRunning(dc));
    if (missing.length > 0) {
      throw new Error(`DC ${missing.join(', ')} not running; a home moves only when all DCs run`);
    }
    signal?.throwIfAborted();
    const answer = await ask(home, { ask: 'move', userId, to });
    if (answer.kind === 'moved') return { userId, from: home, to, moved: true };
    const why = answer.kind === 'refused' ? answer.why : 'a strange answer';
    if (!PASSING.has(why)) throw new Error(`DC ${home}: ${why}`);
    if (clock.monotonicMs() >= endMs) {
      throw new Error(
        `user ${userId} cannot leave DC ${home} now (${why} for ${TRY_MS_MAX / 1000} s): ` +
          'links are down, or writes wait; nothing was changed, try again in calm',
      );
    }
    await new Promise<void>((resolve) => clock.after(TRY_EVERY_MS, resolve));
  }
}

async function locate(
  { topology, isRunning, ask }: HomeMoveOptions,
  phone: string,
): Promise<Located> {
  const birth = homeOfPhone(topology, phone);
  if (!isRunning(birth)) throw new Error(`DC ${birth}, which knows ${phone}, is not running`);
  const answer = await ask(birth, { ask: 'locate', phone });
  if (answer.kind === 'refused') throw new Error(`DC ${birth}: ${answer.why}`);
  const located = answer.kind === 'located' ? answer.located : undefined;
  if (!located) throw new Error(`nobody has signed up with ${phone} (asked DC ${birth})`);
  return located;
}
