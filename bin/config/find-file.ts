/** Whether there is a config file in the working folder; reading it is config-file.ts' business. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

export const CONFIG_FILES = [
  'quincunx.config.yaml',
  'quincunx.config.yml',
  'quincunx.config.json',
] as const;

/** The file in the working folder, if there is one; two of them are a problem. */
export function findConfigFile(folder: string, problems: string[]): string | undefined {
  const found = CONFIG_FILES.filter((name) => existsSync(resolve(folder, name)));
  if (found.length > 1) {
    problems.push(`${found.join(' and ')}: both are here; keep one, or name it with --config`);
  }
  return found[0];
}
