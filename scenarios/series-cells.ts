/**
 * One cell of a file of rates: a time or a rate as Prometheus, Grafana and spreadsheets write them.
 * A cell is read, or it is said what is wrong with it and what would be right.
 */

/** What kind of time a column holds; one file has one kind. */
export type TimeKind = 'epoch' | 'iso' | 'iso without a zone' | 'seconds';

export interface TimeCell {
  readonly seconds: number;
  readonly kind: TimeKind;
}
export interface BadCell {
  readonly problem: string;
}

/** Numbers below are seconds of the window, from here on epoch seconds (1973), */
const EPOCH_SECONDS_MIN = 1e8;
/** from here on epoch milliseconds (1973, too), */
const EPOCH_MS_MIN = 1e11;
/** and from here on something else. */
const EPOCH_MS_MAX = 1e14;

const ISO =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?) ?(Z|UTC|[+-]\d\d:?\d\d)?)?$/i;

/** ISO 8601 (a space may stand for the T), epoch seconds or milliseconds, or seconds from 0. */
export function readTime(text: string): TimeCell | BadCell {
  const bad = { problem: `"${shortened(text)}" is not a time; use ISO 8601 or epoch seconds` };
  if (/^-?\d+(\.\d+)?(e\+?\d{1,2})?$/i.test(text)) {
    const value = Number(text);
    if (!(value >= 0 && value < EPOCH_MS_MAX)) return bad;
    if (value >= EPOCH_MS_MIN) return { seconds: value / 1000, kind: 'epoch' };
    return { seconds: value, kind: value >= EPOCH_SECONDS_MIN ? 'epoch' : 'seconds' };
  }
  const match = ISO.exec(text);
  if (!match) return bad;
  const [, date, clock = '00:00', zone] = match;
  const offset = zone === undefined || /^(z|utc)$/i.test(zone) ? 'Z' : zone;
  const colon = /^[+-]\d{4}$/.test(offset) ? `${offset.slice(0, 3)}:${offset.slice(3)}` : offset;
  const ms = Date.parse(`${date}T${clock.replace(',', '.')}${colon}`);
  if (Number.isNaN(ms)) return bad;
  return { seconds: ms / 1000, kind: zone === undefined ? 'iso without a zone' : 'iso' };
}

const MULTIPLES: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  K: 1e3,
  M: 1e6,
  Mil: 1e6,
  G: 1e9,
  B: 1e9,
  Bil: 1e9,
};
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** A number, then K, Mil and so on, then a unit with its time, such as "req/s", "msg/m", "ops". */
const RATE = /^([+-]?[\d.,]+(?:e[+-]?\d{1,3})?)\s*(Mil|Bil|[kKMGB])?\s*([^\d\s.,][^\d]*)?$/;
const PER = /^(?:[a-z]{1,12})?\s?(?:\/|per )\s?(s|sec|second|m|min|minute|h|hour)$/i;
const SHORT_PER = /^(?:req|r|rd|wr|w|m|msg|c|op|o|io|io|evt)p(s|m)$|^(ops)$/i;

/** A rate a second, or `undefined` for a cell that says that there is no value. */
export function readRate(text: string, decimalComma: boolean): number | undefined | BadCell {
  if (/^(|-|nan|null|none|undefined|n\/a|no data)$/i.test(text)) return undefined;
  const bad = (why: string): BadCell => ({
    problem: `"${shortened(text)}" is not a rate: ${why}`,
  });
  const match = RATE.exec(text);
  if (!match) return bad('use a number such as 1250.5 or "1.25 K"');
  const [, digits, multiple = '', unit = ''] = match;
  if (decimalComma && /^[+-]?\d{1,3},\d{3}$/.test(digits!)) {
    return bad('its comma may stand before decimals or after thousands; write it without');
  }
  const value = readNumber(digits!, decimalComma);
  if (Number.isNaN(value)) return bad('use a number such as 1250.5');
  const seconds = secondsOf(unit.trim());
  if (seconds === undefined) return bad(`the unit "${shortened(unit.trim())}" is not known`);
  if (value < 0) return bad('it is below 0');
  return (value * MULTIPLES[multiple]!) / seconds;
}

function secondsOf(unit: string): number | undefined {
  if (unit === '') return 1;
  const match = PER.exec(unit) ?? SHORT_PER.exec(unit);
  if (!match) return undefined;
  return SECONDS[(match[1] ?? 's').charAt(0).toLowerCase()];
}

/** "1250.5", "1,250.5" with thousands apart, and "1250,5" where commas may be decimal. */
function readNumber(text: string, decimalComma: boolean): number {
  if (decimalComma && /^[+-]?\d+,\d+$/.test(text)) return Number(text.replace(',', '.'));
  if (/^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$/.test(text)) return Number(text.replaceAll(',', ''));
  return /,/.test(text) ? Number.NaN : Number(text);
}

const CELL_SHOWN = 40;

/** What a message quotes of a cell: no control characters, and not all of it. */
export function shortened(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const plain = text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
  return plain.length <= CELL_SHOWN ? plain : `${plain.slice(0, CELL_SHOWN)}…`;
}
