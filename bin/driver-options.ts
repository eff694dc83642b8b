/** `--driver` and `--target`: a backend of one's own under the live world's load. */
import { resolve } from 'node:path';
import type { WorldName } from '../scenarios/define.ts';
import { type DriverFile, loadDriver } from '../scenarios/load/driver-file.ts';
import { targetProblem } from '../scenarios/load/target.ts';
import { ScenarioLoadError } from '../scenarios/source-file.ts';
import type { DriverLoad } from '../scenarios/worlds/live-driver.ts';
import type { World } from '../scenarios/worlds/world.ts';
import type { OptionReader } from './option-values.ts';

export interface RawDriverOptions {
  readonly driver?: string;
  readonly target?: string;
  readonly load: string;
}

/** Undefined where they are not given or something is wrong with them: then it is in `read`. */
export async function readDriverOptions(
  { driver: file, target, load }: RawDriverOptions,
  worlds: readonly WorldName[],
  read: OptionReader,
): Promise<DriverLoad | undefined> {
  if (file === undefined && target === undefined) return undefined;
  const problem = (text: string): unknown => read.problems.push(text);
  if (worlds.join() !== 'live') {
    problem('--driver: use it with --world live; the other worlds know nothing of your backend');
  }
  if (load !== 'users') problem(`--driver: is not for --load ${load}`);
  if (target === undefined) problem('--driver: needs --target, such as ws://127.0.0.1:9000');
  else {
    const wrong = await targetProblem(target);
    if (wrong !== undefined) problem(`--target ${withoutSecret(target)}: ${wrong}`);
  }
  if (file === undefined) {
    problem('--target: needs --driver, a file that says how a user connects, sends and hears');
    return undefined;
  }
  const driver = await readDriver(file, read);
  return driver && target !== undefined ? { driver, target } : undefined;
}

/** Throws what the file's own code throws while it is loaded. */
async function readDriver(file: string, read: OptionReader): Promise<DriverFile | undefined> {
  try {
    return await loadDriver(resolve(file));
  } catch (error) {
    if (!(error instanceof ScenarioLoadError) || error.kind === 'threw') throw error;
    read.problems.push(...error.problems.map((each) => `--driver ${file}: ${each}`));
    return undefined;
  }
}

/** The world that takes the place of the live one; loaded late, as all worlds are. */
export function driverWorldOf(load: DriverLoad): () => Promise<World> {
  return async () => {
    const { driverWorld } = await import('../scenarios/worlds/live-driver.ts');
    return driverWorld(load);
  };
}

const withoutSecret = (target: string): string => target.replace(/\/\/[^/@]*@/, '//...@');
