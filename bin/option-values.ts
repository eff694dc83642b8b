/**
 * Reads what a person typed behind an option. Each reader gives the value, or adds a problem that
 * says what would be right, so that all problems can be told at once.
 */
import { WORLD_NAMES, type WorldName } from '../scenarios/define.ts';
import { WINDOW_SECONDS_MAX } from '../scenarios/traffic-fields.ts';
import { InvalidInput } from './exit-codes.ts';

export const WORKERS_MAX = 256;
const SEED_CHARACTERS_MAX = 200;
const SECONDS_PER_UNIT: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

export class OptionReader {
  readonly problems: string[] = [];

  /** Names repeated or separated by commas; in the order of WORLD_NAMES, all when none is named. */
  worlds(given: readonly string[] | undefined): WorldName[] {
    if (given === undefined || given.length === 0) return [...WORLD_NAMES];
    const names = given.flatMap((text) => text.split(',')).map((name) => name.trim());
    for (const name of new Set(names)) {
      if (!(WORLD_NAMES as readonly string[]).includes(name)) {
        this.problems.push(`--world ${name}: is not a world; use ${WORLD_NAMES.join(', ')}`);
      }
    }
    return WORLD_NAMES.filter((name) => names.includes(name));
  }

  integer(option: string, text: string, min: number, max: number): number {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    this.problems.push(`${option} ${text}: use a whole number from ${min} to ${max}`);
    return min;
  }

  oneOf<T extends string>(option: string, text: string, allowed: readonly [T, ...T[]]): T {
    const found = allowed.find((value) => value === text);
    if (found === undefined) this.problems.push(`${option} ${text}: use ${allowed.join(' or ')}`);
    return found ?? allowed[0];
  }

  seed(text: string): string {
    if (text === '' || text.length > SEED_CHARACTERS_MAX || /\p{Cc}/u.test(text)) {
      this.problems.push(`--seed: use 1 to ${SEED_CHARACTERS_MAX} printable characters`);
    }
    return text;
  }

  /** "HH:MM", 24 hours, UTC. */
  timeOfDay(option: string, text: string | undefined): string | undefined {
    if (text !== undefined && !/^([01]\d|2[0-3]):[0-5]\d$/.test(text)) {
      this.problems.push(`${option} ${text}: use a time of day in UTC as HH:MM, such as 17:00`);
    }
    return text;
  }

  /** "30s", "10m", "1h", "7d" as seconds. */
  seconds(option: string, text: string | undefined): number | undefined {
    if (text === undefined) return undefined;
    const match = /^(\d{1,8})([smhd])$/.exec(text);
    const value = match ? Number(match[1]) * SECONDS_PER_UNIT[match[2]!]! : 0;
    if (value < 1 || value > WINDOW_SECONDS_MAX) {
      this.problems.push(`${option} ${text}: use 1s to 366d, such as 30s, 10m, 1h or 7d`);
    }
    return value;
  }

  /** "1:N" as N. */
  scale(option: string, text: string | undefined): number | undefined {
    if (text === undefined) return undefined;
    const match = /^1:(\d{1,12})$/.exec(text);
    const value = match ? Number(match[1]) : 0;
    if (value < 1) this.problems.push(`${option} ${text}: use 1:N, such as 1:1000000`);
    return value;
  }

  /** Throws `InvalidInput` with everything found so far, if anything. */
  check(): void {
    if (this.problems.length > 0) throw new InvalidInput(this.problems);
  }
}
