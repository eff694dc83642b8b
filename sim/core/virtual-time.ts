/** Virtual time: whole microseconds in a number, exact for 285 years. */

export const US_PER_MS = 1_000;
export const US_PER_SECOND = 1_000_000;
export const SECONDS_PER_DAY = 86_400;

export const msToUs = (ms: number): number => Math.round(ms * US_PER_MS);
export const secondsToUs = (seconds: number): number => Math.round(seconds * US_PER_SECOND);

/** Seconds since midnight of "HH:MM". */
export function secondsOfDay(clock: string): number {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(clock);
  if (!match) throw new RangeError(`"${clock}" is not a time of day; use "HH:MM"`);
  return Number(match[1]) * 3600 + Number(match[2]) * 60;
}

/** "HH:MM" of seconds since some midnight; any number of days more or less. */
export function clockOf(seconds: number): string {
  const day = ((Math.floor(seconds) % SECONDS_PER_DAY) + SECONDS_PER_DAY) % SECONDS_PER_DAY;
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(Math.floor(day / 3600))}:${two(Math.floor(day / 60) % 60)}`;
}
