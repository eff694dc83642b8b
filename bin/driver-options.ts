/** `--driver` and `--target`: who loads the live world, and what. */
import type { WorldName } from '../scenarios/define.ts';
import {
  type DriverChoice,
  type DriverWords,
  readDriver,
} from '../scenarios/load/driver-choice.ts';
import type { OptionReader } from './option-values.ts';

export { type DriverChoice, driverWorldOf } from '../scenarios/load/driver-choice.ts';

/** Undefined where they are not given or something is wrong with them: then it is in `read`. */
export function readDriverOptions(
  options: DriverWords,
  worlds: readonly WorldName[],
  read: OptionReader,
): Promise<DriverChoice | undefined> {
  return readDriver(options, worlds, '--', read.problems);
}
