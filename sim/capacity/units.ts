/** How numbers of a plan are written for people: three digits, a prefix, a unit. */

const DECIMAL = [
  [1e18, 'E'],
  [1e15, 'P'],
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'K'],
] as const;

/** Three significant digits, thousands apart; no exponent. */
export function threeDigits(value: number): string {
  if (value === 0) return '0';
  if (Math.abs(value) >= 1e15) return value.toExponential(2);
  if (Math.abs(value) >= 100) {
    return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  }
  return String(Number(value.toPrecision(3)));
}

/** "8.25 T", "636K": with a prefix, from `space` between number and prefix. */
function prefixed(value: number, space: string, letters: (letter: string) => string): string {
  const size = Math.abs(value);
  // What rounds up to 1,000 belongs to the next prefix.
  const step = DECIMAL.find(([factor]) => size >= factor * 0.9995);
  if (!step || size < 1000) return `${threeDigits(value)}${space}`;
  return `${threeDigits(value / step[0])}${space}${letters(step[1])}`;
}

/** Counts: "636K", "55B", "12,544" stays whole below a hundred thousand. */
export function count(value: number): string {
  if (Math.abs(value) < 100_000) return threeDigits(value);
  return prefixed(value, '', (letter) => (letter === 'G' ? 'B' : letter));
}

const bytes = (value: number, unit: string): string => {
  const text = prefixed(value, ' ', (letter) => `${letter === 'K' ? 'k' : letter}`);
  return `${text}${unit}`;
};

function years(value: number): string {
  const months = Math.round(value * 12);
  if (months < 24) return months === 1 ? '1 month' : `${months} months`;
  return `${threeDigits(value)} years`;
}

function seconds(value: number): string {
  if (value < 1) return `${threeDigits(value * 1000)} ms`;
  if (value < 120) return `${threeDigits(value)} s`;
  if (value < 7200) return `${threeDigits(value / 60)} min`;
  return value < 172_800 ? `${threeDigits(value / 3600)} h` : `${threeDigits(value / 86_400)} days`;
}

/** A value in its unit: withUnit(8.25e12, 'bytes/day') is "8.25 TB/day". */
export function withUnit(value: number, unit: string): string {
  switch (unit) {
    case 'text':
    case '1':
      return count(value);
    case 'share':
      return `${threeDigits(value * 100)} %`;
    case 'share/year':
      return `${threeDigits(value * 100)} %/year`;
    case 'x':
      return `${threeDigits(value)}×`;
    case 'years':
      return years(value);
    case 's':
      return seconds(value);
    case 'days':
      return `${value < 100 ? value.toFixed(1) : threeDigits(value)} days`;
    case 'usd':
      return `$${threeDigits(value)}`;
    case 'usd/month':
      return value < 1000 ? `$${threeDigits(value)}` : `$${prefixed(value, '', letterOfMoney)}`;
    default:
      break;
  }
  const scaled = /^(bytes|bits)(\/.*)?$/.exec(unit);
  if (scaled) return `${bytes(value, scaled[1] === 'bytes' ? 'B' : 'b')}${scaled[2] ?? ''}`;
  if (unit.includes('/')) {
    const what = unit.slice(0, unit.indexOf('/'));
    const per = unit.slice(unit.indexOf('/') + 1);
    const thing = what === 'messages' || what === 'reads' || what === 'calls' ? '' : ` ${what}`;
    return `${count(value)}${thing}/${per}`;
  }
  return `${count(value)} ${unit}`;
}

const letterOfMoney = (letter: string): string => (letter === 'G' ? 'B' : letter);
