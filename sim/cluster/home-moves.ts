/**
 * Users whose home is moved to another datacentre while the world goes on. An operator's command:
 * it is given again until the user has moved, however often datacentres are busy, cut off or crash.
 */
import type { VirtualCluster } from './virtual-cluster.ts';
import type { VirtualLoop } from './virtual-loop.ts';

export interface HomeMove {
  /** From the start of the window. */
  readonly atSeconds: number;
  /** Index of the person. */
  readonly user: number;
  /** The DC that becomes home. */
  readonly to: number;
}

const AGAIN_MS = 250;
/** A command to a process that dies is never answered: it is given again. */
const ANSWER_MS = 5_000;

export class HomeMoves {
  readonly #loop: VirtualLoop;
  readonly #cluster: VirtualCluster;
  readonly #userIdOf: (user: number) => number | undefined;
  readonly #home: Map<number, number>;
  readonly #waiting = new Map<number, HomeMove[]>();
  /** Moves that were carried out. */
  done = 0;

  /** `homes`: the home DC of each person at the start. */
  constructor(
    loop: VirtualLoop,
    cluster: VirtualCluster,
    homes: readonly number[],
    userIdOf: (user: number) => number | undefined,
  ) {
    this.#loop = loop;
    this.#cluster = cluster;
    this.#userIdOf = userIdOf;
    this.#home = new Map(homes.map((dc, user) => [user, dc]));
  }

  /** The window begins now. Moves of one user are made one after the other. */
  start(moves: readonly HomeMove[]): void {
    for (const move of moves) {
      this.#loop.schedule(move.atSeconds * 1000, 'operator', 'moves a home', () => {
        const queue = this.#waiting.get(move.user);
        if (queue) queue.push(move);
        else {
          this.#waiting.set(move.user, [move]);
          this.#attempt(move.user);
        }
      });
    }
  }

  get settled(): boolean {
    return this.#waiting.size === 0;
  }

  /** What is still to come does nothing any more. */
  stop(): void {
    this.#waiting.clear();
  }

  #attempt(user: number): void {
    const move = this.#waiting.get(user)?.[0];
    if (!move) return;
    const from = this.#home.get(user) ?? 0;
    const userId = this.#userIdOf(user);
    const datacenter = this.#cluster.datacenter(from);
    if (userId === undefined || from === move.to) {
      this.#moved(user, move.to);
      return;
    }
    if (!datacenter) {
      this.#again(user);
      return;
    }
    let answered = false;
    const end = (next: () => void): void => {
      if (answered) return;
      answered = true;
      next();
    };
    this.#loop.schedule(ANSWER_MS, 'operator', 'asks again', () => end(() => this.#again(user)));
    const asked = Promise.resolve().then(() => datacenter.moveHome(userId, move.to));
    asked.then(
      () => end(() => this.#moved(user, move.to)),
      (error: Error) =>
        end(() => {
          // Decided before the process died: the user is not at home there any more.
          if (error.message.includes('USER_ID_INVALID')) this.#moved(user, move.to);
          else this.#again(user);
        }),
    );
  }

  #moved(user: number, to: number): void {
    this.#home.set(user, to);
    this.done++;
    const queue = this.#waiting.get(user);
    queue?.shift();
    if (!queue || queue.length === 0) this.#waiting.delete(user);
    else this.#again(user);
  }

  #again(user: number): void {
    if (!this.#waiting.has(user)) return;
    this.#loop.schedule(AGAIN_MS, 'operator', 'moves a home', () => this.#attempt(user));
  }
}
