/**
 * Finds out when everything that went to a user's old home has arrived at the new one: from then on
 * this DC sends straight there (homes.ts). Asks the old homes now and then, while there are any.
 */
import type { Clock, Timer } from '../environment/index.ts';
import { RpcError } from '../schema/errors.ts';
import type { Homes } from './homes.ts';
import type { Inbound } from './incoming-link.ts';
import { LIMITS } from './limits.ts';
import type { Outbox } from './outbox.ts';
import type { PeerCalls, Peers } from './peer-calls.ts';

export interface OldWaysOptions {
  readonly dc: number;
  readonly clock: Clock;
  readonly homes: Homes;
  readonly outboxes: ReadonlyMap<number, Outbox>;
  readonly inbounds: ReadonlyMap<number, Inbound>;
  readonly peers: Peers;
  readonly calls: PeerCalls;
}

/** To an old home: is all up to `upTo` of the asker's outbox at `to`? `k`: the last answer's. */
type Question = readonly [upTo: number, to: number, k: number];
type Answer = readonly [arrived: boolean, k: number];

/** One old home, the next DC behind it, and the users with something under way between them. */
interface Way {
  readonly from: number;
  readonly to: number;
  readonly userIds: number[];
}

export class OldWays {
  readonly #o: OldWaysOptions;
  /** Questions under way or to be repeated, by "from to". */
  readonly #asked = new Map<string, { upTo: number; k: number }>();
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: OldWaysOptions) {
    this.#o = options;
    options.calls.register('moved.settled', (asker, question) => this.#answer(asker, question));
    this.look();
  }

  /** Somebody has moved. */
  look(): void {
    if (this.#timer || this.#stopped || this.#o.homes.openWays().length === 0) return;
    this.#timer = this.#o.clock.after(LIMITS.oldWayAskMs, () => {
      void this.#askAll().finally(() => {
        this.#timer = undefined;
        this.look();
      });
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #askAll(): Promise<void> {
    const ways = new Map<string, Way>();
    for (const { userId, from, to } of this.#o.homes.openWays()) {
      const name = `${from} ${to}`;
      const way = ways.get(name);
      if (way) way.userIds.push(userId);
      else ways.set(name, { from, to, userIds: [userId] });
    }
    await Promise.all([...ways].map(([name, way]) => this.#ask(name, way)));
  }

  async #ask(name: string, { from, to, userIds }: Way): Promise<void> {
    const { homes, outboxes, peers } = this.#o;
    // What has arrived is counted by the old home from its own point of view: k.
    const asked = this.#asked.get(name) ?? { upTo: outboxes.get(from)?.log.last ?? 0, k: 0 };
    this.#asked.set(name, asked);
    try {
      const question: Question = [asked.upTo, to, asked.k];
      const [arrived, k] = (await peers.ask(from, 'moved.settled', question)) as Answer;
      asked.k = k;
      if (!arrived) return;
    } catch {
      return; // out of reach: what went there is not at the new home either
    }
    this.#asked.delete(name);
    for (const userId of userIds) {
      if (homes.lastVia(userId) <= asked.upTo) homes.settled(userId, from);
    }
  }

  #answer(asker: number, question: unknown): Promise<Answer> {
    if (!isQuestion(question)) return Promise.reject(new RpcError(400, 'QUESTION_INVALID'));
    const [upTo, to, known] = question;
    const { dc, inbounds, outboxes } = this.#o;
    const inbound = inbounds.get(asker);
    if (!inbound) return Promise.reject(new RpcError(400, 'QUESTION_INVALID'));
    // A move that this DC does not know of yet: nothing has been passed on.
    if (inbound.outboxDurable < upTo) return Promise.resolve([false, 0]);
    if (to === dc) return Promise.resolve([true, 0]);
    const outbox = outboxes.get(to);
    if (!outbox) return Promise.reject(new RpcError(400, 'DC_ID_INVALID'));
    const k = known > 0 ? known : outbox.log.last;
    return Promise.resolve([outbox.acknowledgedUpTo >= k, k]);
  }
}

function isQuestion(value: unknown): value is Question {
  return (
    Array.isArray(value) &&
    value.length === 3 &&
    value.every((each) => Number.isSafeInteger(each) && each >= 0)
  );
}
