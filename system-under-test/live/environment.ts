/** The environment of a datacentre on a real machine. */
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import type { Environment, LogLevel } from '../environment/index.ts';
import type { OnChecked } from './data-folder.ts';
import { createJsonLog } from './json-log.ts';
import { type LevelStore, openLevelStore } from './level-store.ts';
import { createNodeClock } from './node-clock.ts';
import { createNodeNetwork } from './node-network.ts';
import { createNodeRandomness } from './node-randomness.ts';

export interface LiveEnvironmentOptions {
  /** Created if it is not there. Belongs to one process at a time; the store is in `store/`. */
  readonly dataFolder: string;
  readonly logLevel: LogLevel;
  readonly logStream: Writable;
  /** Fields of every log line, such as `{ dc: 3 }`. */
  readonly logFields?: Readonly<Record<string, string | number | boolean>>;
  /** The store is checked before it is opened, which takes long for a large one. */
  readonly onChecked?: OnChecked;
}

export interface LiveEnvironment extends Environment {
  readonly store: LevelStore;
  /** Closes listeners and connections, then the store. Timers are their owners' business. */
  close(): Promise<void>;
}

/** Throws `DataFolderError` when the data folder is damaged, in use, or something else. */
export async function openLiveEnvironment(
  options: LiveEnvironmentOptions,
): Promise<LiveEnvironment> {
  const clock = createNodeClock();
  const log = createJsonLog(options.logStream, options.logLevel, clock, options.logFields);
  const store = await openLevelStore(join(options.dataFolder, 'store'), options.onChecked);
  const network = createNodeNetwork();
  return {
    clock,
    randomness: createNodeRandomness(),
    network,
    store,
    log,
    async close() {
      await network.close();
      await store.close();
    },
  };
}
