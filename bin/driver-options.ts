/** `--driver` and `--target`: a backend of one's own under the live world's load. */
import { resolve } from 'node:path';
import type { WorldName } from '../scenarios/define.ts';
import { BUILT_IN_DRIVERS, type DriverFile, loadDriver } from '../scenarios/load/driver-file.ts';
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

/** What carries the live world's load: a driver at a target, or our own gateways. */
export type DriverChoice = DriverLoad | 'gateway';

/**
 * Undefined where the world's own users do it (mtproto, too), or something is wrong with the
 * options: then it is in `read`.
 */
export async function readDriverOptions(
  { driver: file, target, load }: RawDriverOptions,
  worlds: readonly WorldName[],
  read: OptionReader,
): Promise<DriverChoice | undefined> {
  if (file === undefined && target === undefined) return undefined;
  const problem = (text: string): unknown => read.problems.push(text);
  const builtIn = BUILT_IN_DRIVERS.find((name) => name === file);
  if (builtIn === 'mtproto' && !worlds.includes('live')) {
    problem('--driver mtproto: these are the users of --world live');
  } else if (builtIn !== 'mtproto' && worlds.join() !== 'live') {
    problem('--driver: use it with --world live; the other worlds know nothing of your backend');
  }
  if (load !== 'users') problem(`--driver: is not for --load ${load}`);
  if (target !== undefined) {
    const wrong = await targetProblem(target);
    if (wrong !== undefined) problem(`--target ${withoutSecret(target)}: ${wrong}`);
    else if (builtIn === 'gateway' && !/^https?:/.test(target)) {
      problem(`--target ${target}: use the address of a gateway, such as http://127.0.0.1:4731`);
    }
  }
  if (file === undefined) {
    const what = 'a file that says how a user connects, sends and hears';
    problem(`--target: needs --driver, ${what}, or gateway`);
    return undefined;
  }
  if (builtIn === 'mtproto') {
    if (target === undefined) return undefined;
    const why = 'its users sign in at five datacentres that the run starts and breaks itself';
    problem(`--target: is not for --driver mtproto; ${why}`);
    return undefined;
  }
  if (builtIn === 'gateway') return target === undefined ? 'gateway' : gatewayAt(target);
  if (target === undefined) problem('--driver: needs --target, such as ws://127.0.0.1:9000');
  const driver = await readDriver(file, read);
  return driver && target !== undefined ? { driver, target } : undefined;
}

/** One gateway that runs already: then nothing can be broken. */
async function gatewayAt(target: string): Promise<DriverLoad> {
  const { default: driver, GATEWAY_DRIVER: module } = await import(
    '../sim/parallel/gateway-driver.ts'
  );
  return { driver: { name: 'gateway', acknowledges: true, module, driver }, target };
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
export function driverWorldOf(choice: DriverChoice): () => Promise<World> {
  return async () => {
    if (choice === 'gateway') return (await import('../scenarios/worlds/live-gateway.ts')).run;
    const { driverWorld } = await import('../scenarios/worlds/live-driver.ts');
    return driverWorld(choice);
  };
}

const withoutSecret = (target: string): string => target.replace(/\/\/[^/@]*@/, '//...@');
