/** The file that `quincunx calibrate` wrote. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import {
  CALIBRATION_LENGTH_MAX,
  type Calibration,
  parseCalibration,
} from '../../sim/model/calibration.ts';

/** What is in it, or everything that is wrong with it. */
export function readCalibrationFile(
  file: string,
): { readonly value: Calibration } | { readonly problems: readonly string[] } {
  if (!existsSync(file)) {
    return { problems: ['there is no such file; quincunx calibrate makes one'] };
  }
  const stat = statSync(file);
  if (!stat.isFile() || stat.size > CALIBRATION_LENGTH_MAX) {
    return { problems: [`is no file of at most ${CALIBRATION_LENGTH_MAX} bytes`] };
  }
  return parseCalibration(readFileSync(file, 'utf8'));
}
