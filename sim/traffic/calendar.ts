/**
 * Days of the civil calendar as numbers, without anybody's clock: day 0 is 1970-01-01, and a day
 * begins at midnight UTC.
 */

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const MS_PER_DAY = 86_400_000;

/** Whether the text is a day of the calendar as "YYYY-MM-DD". */
export function isDate(text: string): boolean {
  if (!DATE.test(text)) return false;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && dateOf(ms / MS_PER_DAY) === text;
}

/** Days from 1970-01-01 to "YYYY-MM-DD". Throws `RangeError` for anything else. */
export function dayOf(date: string): number {
  if (!isDate(date)) throw new RangeError(`"${date}" is not a day; use YYYY-MM-DD`);
  return Date.parse(`${date}T00:00:00Z`) / MS_PER_DAY;
}

/** "YYYY-MM-DD" of a day. */
export function dateOf(day: number): string {
  return new Date(day * MS_PER_DAY).toISOString().slice(0, 10);
}

/** 0 for Monday to 6 for Sunday. */
export function weekdayOf(day: number): number {
  return (((day + 3) % 7) + 7) % 7; // 1970-01-01 was a Thursday
}
