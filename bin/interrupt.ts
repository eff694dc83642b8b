/**
 * Ctrl-C, SIGTERM and a closed terminal. The first asks everything to stop and clean up; the
 * second, from a person who does not want to wait, ends the process at once.
 */
import { EXIT } from './exit-codes.ts';

/**
 * The terminal, npm and the bootstrap each pass one Ctrl-C on: what comes within this time is the
 * same key press.
 */
const SAME_PRESS_MS = 500;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The reason of the aborted signal: a person or the system asked us to stop. */
export class Interrupted extends Error {
  override name = 'Interrupted';
}

export interface Interrupt {
  readonly signal: AbortSignal;
  /** Gives the signals back to Node. */
  readonly release: () => void;
}

export function onInterrupt(say: (line: string) => void): Interrupt {
  const controller = new AbortController();
  let firstAt: number | undefined;
  const handle = (name: NodeJS.Signals): void => {
    const now = performance.now();
    if (firstAt === undefined) {
      firstAt = now;
      say(`${name}: stopping and cleaning up (once more to stop at once)`);
      controller.abort(new Interrupted(`interrupted by ${name}`));
    } else if (now - firstAt >= SAME_PRESS_MS) {
      process.exit(EXIT.interrupted);
    }
  };
  for (const name of SIGNALS) process.on(name, handle);
  const release = (): void => {
    for (const name of SIGNALS) process.off(name, handle);
  };
  return { signal: controller.signal, release };
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
