/** What the environment says of a command's settings: QUINCUNX_SEED, QUINCUNX_RUN_WORLD. */
import type { Value } from './config-file.ts';
import type { Setting } from './setting.ts';

const YES = ['1', 'true', 'yes', 'on'];
const NO = ['0', 'false', 'no', 'off'];

export interface EnvironmentValue {
  readonly value: Value;
  /** The variable's name. */
  readonly at: string;
}

/** Empty variables count as not set. Adds what is wrong to `problems`. */
export function environmentValue(
  setting: Setting,
  environment: Readonly<Record<string, string | undefined>>,
  problems: string[],
): EnvironmentValue | undefined {
  const at = setting.variables.find((name) => (environment[name] ?? '') !== '');
  if (at === undefined) return undefined;
  const text = environment[at]!;
  if (setting.kind === 'text') return { value: text, at };
  if (setting.kind === 'list') return { value: [text], at };
  const word = text.toLowerCase();
  if (YES.includes(word)) return { value: true, at };
  if (NO.includes(word)) return { value: false, at };
  if (setting.kind === 'optional') return { value: text, at };
  problems.push(`${at}=${text}: use true or false`);
  return undefined;
}
