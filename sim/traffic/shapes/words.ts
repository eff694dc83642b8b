/** Numbers in the labels of shapes. */

/** "12,345": every digit of the nearest whole number. */
export function whole(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** "1.74M", "174K", "950": three digits. */
export function short(value: number): string {
  const [divisor, letter] =
    value >= 1e9 ? [1e9, 'B'] : value >= 1e6 ? [1e6, 'M'] : value >= 1e4 ? [1e3, 'K'] : [1, ''];
  return `${Number((value / divisor).toPrecision(3))}${letter}`;
}

/** "at 30 s", "from 20 s before the window". */
export function when(second: number): string {
  return second >= 0 ? `at ${whole(second)} s` : `${whole(-second)} s before the window`;
}
