/**
 * What stands between a process and everything that calls it: timers, connections, its disk. While
 * the process is stopped (SIGSTOP) the gate keeps the calls; when it goes on, all that was due
 * happens at once, in the order in which it came. One gate a life: what a dead process missed is
 * never made up for.
 */
import type { VirtualLoop } from './virtual-loop.ts';

export class PauseGate {
  readonly #loop: VirtualLoop;
  readonly #node: string;
  #paused = false;
  #dead = false;
  #waiting: (() => void)[] = [];
  #held = 0;

  constructor(loop: VirtualLoop, node: string) {
    this.#loop = loop;
    this.#node = node;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Calls kept back so far, by all pauses together. */
  get held(): number {
    return this.#held;
  }

  pause(): void {
    if (!this.#dead) this.#paused = true;
  }

  /** Keeps a call for later. Only while paused. */
  hold(call: () => void): void {
    this.#held++;
    this.#waiting.push(call);
  }

  /** Each call becomes an event of its own, so that promises settle in between as they would. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    const calls = this.#waiting;
    this.#waiting = [];
    for (const call of calls) {
      this.#loop.schedule(0, 'resumed call', this.#node, () => this.#make(call));
    }
  }

  /** The process is dead: nothing is called any more. */
  close(): void {
    this.#dead = true;
    this.#paused = false;
    this.#waiting = [];
  }

  /** It may have been stopped, or have died, again before its turn. */
  #make(call: () => void): void {
    if (this.#dead) return;
    if (this.#paused) this.hold(call);
    else call();
  }
}
