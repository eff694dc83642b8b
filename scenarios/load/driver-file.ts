/** A driver in a file of one's own: looked at here, before the run; threads load it anew. */
import { basename, extname } from 'node:path';
import type { PersonModule } from '../../sim/parallel/person-module.ts';
import type { Driver } from '../../sim/users/driver.ts';
import { loadSource, moduleOf, ScenarioLoadError } from '../source-file.ts';

export interface DriverFile {
  readonly name: string;
  readonly acknowledges: boolean;
  readonly module: PersonModule;
  /** As this thread has loaded it: for its setup and teardown. */
  readonly driver: Driver;
}

/** The drivers that are there without a file. */
export const BUILT_IN_DRIVERS = ['mtproto', 'gateway'] as const;

/** Why a scenario with faults cannot run behind a driver. */
export const NO_FAULTS =
  'a backend of your own has no datacentres that could be broken; use a scenario without faults';
/** The same of the gateway of a `quincunx serve` that runs already. */
export const NO_FAULTS_AT_TARGET =
  'what runs at --target is not for this run to break; leave it out, and the run starts its own';

/** A driver's own code threw while the load ran, or a user could not connect at its start. */
export class DriverError extends Error {
  override name = 'DriverError';
}

const EXAMPLE = '{ connect(user, hears) { ... } }';
const FIELDS = ['name', 'acknowledges', 'setup', 'connect', 'teardown'];

/** `path` is absolute. Throws `ScenarioLoadError` with everything that is wrong. */
export async function loadDriver(path: string): Promise<DriverFile> {
  const { value } = await loadSource(path, 'driver', EXAMPLE);
  const { name, acknowledges, connect, setup, teardown } = value as Partial<Driver>;
  const problems: string[] = [];
  if (typeof connect !== 'function') {
    problems.push(`connect: is missing; write: export default ${EXAMPLE}`);
  }
  if (name !== undefined && (typeof name !== 'string' || !/^[\w .-]{1,64}$/.test(name))) {
    problems.push('name: use 1 to 64 letters, digits, dots, dashes and spaces');
  }
  if (acknowledges !== undefined && typeof acknowledges !== 'boolean') {
    problems.push('acknowledges: use true or false');
  }
  for (const [field, given] of Object.entries({ setup, teardown })) {
    if (given !== undefined && typeof given !== 'function')
      problems.push(`${field}: use a function`);
  }
  for (const field of Object.keys(value as object)) {
    if (!FIELDS.includes(field)) problems.push(`${field}: is not known; use ${FIELDS.join(', ')}`);
  }
  if (problems.length > 0) throw new ScenarioLoadError('invalid', path, problems);
  return {
    name: name ?? basename(path, extname(path)),
    acknowledges: acknowledges ?? false,
    module: moduleOf(path),
    driver: value as Driver,
  };
}
