/**
 * `--driver` and `--target`, or the settings of the library: who loads the live world, and what.
 * Everything that is wrong with them goes to one list.
 */
import { resolve } from 'node:path';
import type { WorldName } from '../define.ts';
import { ScenarioLoadError } from '../source-file.ts';
import type { DriverLoad } from '../worlds/live-driver.ts';
import type { World } from '../worlds/world.ts';
import {
  BUILT_IN_DRIVERS,
  type DriverFile,
  loadDriver,
  NO_FAULTS,
  NO_FAULTS_AT_TARGET,
} from './driver-file.ts';
import { targetProblem } from './target.ts';

/** As a person gives them. */
export interface DriverWords {
  readonly driver?: string | undefined;
  readonly target?: string | undefined;
  readonly load: string;
}

/** What carries the live world's load: a driver at a target, or our own gateways. */
export type DriverChoice = DriverLoad | 'gateway';

/**
 * Undefined where the world's own users do it (mtproto, too), or something is wrong with the
 * options: then it is in `problems`. `dash` stands before the names of options.
 */
export async function readDriver(
  { driver: file, target, load }: DriverWords,
  worlds: readonly WorldName[],
  dash: '--' | '',
  problems: string[],
): Promise<DriverChoice | undefined> {
  if (file === undefined && target === undefined) return undefined;
  const problem = (text: string): unknown => problems.push(`${dash}${text}`);
  const live = dash === '' ? "worlds: ['live']" : '--world live';
  const builtIn = BUILT_IN_DRIVERS.find((name) => name === file);
  if (builtIn === 'mtproto' && !worlds.includes('live')) {
    problem(`driver mtproto: these are the users of ${live}`);
  } else if (builtIn === 'gateway' && worlds.join() !== 'live') {
    problem(`driver gateway: use it with ${live} alone; the other worlds have no gateways`);
  } else if (builtIn === undefined && worlds.join() !== 'live') {
    problem(`driver: use it with ${live}; the other worlds know nothing of your backend`);
  }
  if (load !== 'users') problem(`driver: is not for ${dash}load ${load}`);
  if (target !== undefined) {
    const wrong = await targetProblem(target);
    if (wrong !== undefined) problem(`target ${withoutSecret(target)}: ${wrong}`);
    else if (builtIn === 'gateway' && !/^https?:/.test(target)) {
      problem(`target ${target}: use the address of a gateway, such as http://127.0.0.1:4731`);
    }
  }
  if (file === undefined) {
    const what = 'a file that says how a user connects, sends and hears';
    problem(`target: needs ${dash}driver, ${what}, or gateway`);
    return undefined;
  }
  if (builtIn === 'mtproto') {
    if (target === undefined) return undefined;
    const why = 'its users sign in at five datacentres that the run starts and breaks itself';
    problem(`target: is not for ${dash}driver mtproto; ${why}`);
    return undefined;
  }
  if (builtIn === 'gateway') return target === undefined ? 'gateway' : gatewayAt(target);
  if (target === undefined) problem(`driver: needs ${dash}target, such as ws://127.0.0.1:9000`);
  const driver = await driverFile(file, problem);
  return driver && target !== undefined ? { driver, target } : undefined;
}

/** One gateway that runs already: then nothing can be broken. */
async function gatewayAt(target: string): Promise<DriverLoad> {
  const { default: driver, GATEWAY_DRIVER: module } = await import(
    '../../sim/parallel/gateway-driver.ts'
  );
  return { driver: { name: 'gateway', acknowledges: true, module, driver }, target };
}

/** Throws what the file's own code throws while it is loaded. */
async function driverFile(
  file: string,
  problem: (text: string) => unknown,
): Promise<DriverFile | undefined> {
  try {
    return await loadDriver(resolve(file));
  } catch (error) {
    if (!(error instanceof ScenarioLoadError) || error.kind === 'threw') throw error;
    for (const each of error.problems) problem(`driver ${file}: ${each}`);
    return undefined;
  }
}

/** Why the faults of a scenario cannot be played there; undefined where nothing is in the way. */
export function driverFaultsProblem(
  choice: DriverChoice | undefined,
  { driver }: DriverWords,
  faults: readonly unknown[],
): string | undefined {
  if (choice === undefined || choice === 'gateway' || faults.length === 0) return undefined;
  return driver === 'gateway' ? NO_FAULTS_AT_TARGET : NO_FAULTS;
}

/** The world that takes the place of the live one; loaded late, as all worlds are. */
export function driverWorldOf(choice: DriverChoice): () => Promise<World> {
  return async () => {
    if (choice === 'gateway') return (await import('../worlds/live-gateway.ts')).run;
    const { driverWorld } = await import('../worlds/live-driver.ts');
    return driverWorld(choice);
  };
}

const withoutSecret = (target: string): string => target.replace(/\/\/[^/@]*@/, '//...@');
