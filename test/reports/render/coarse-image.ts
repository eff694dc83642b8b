/**
 * Pictures that can be compared between machines: fonts, their smoothing and the width of a word
 * differ, so a picture is cut into a grid of even cells and each becomes its mean colour. Letters
 * are a shade of grey then; bars, lines, areas and their colours stay.
 */
import pixelmatch from 'pixelmatch';
import { PNG } from 'pngjs';

export interface Coarse {
  readonly columns: number;
  readonly rows: number;
  /** Red, green, blue and 255 of each cell, row by row. */
  readonly data: Uint8Array;
}

export function coarse(png: Buffer, columns: number, rows: number): Coarse {
  const { width, height, data } = PNG.sync.read(png);
  const out = new Uint8Array(columns * rows * 4);
  for (let row = 0; row < rows; row++) {
    const [top, bottom] = edges(row, rows, height);
    for (let column = 0; column < columns; column++) {
      const [left, right] = edges(column, columns, width);
      const sums = [0, 0, 0];
      for (let y = top; y < bottom; y++) {
        for (let x = left; x < right; x++) {
          for (let c = 0; c < 3; c++) sums[c]! += data[(y * width + x) * 4 + c]!;
        }
      }
      const at = (row * columns + column) * 4;
      const pixels = (bottom - top) * (right - left);
      for (let c = 0; c < 3; c++) out[at + c] = Math.round(sums[c]! / pixels);
      out[at + 3] = 255;
    }
  }
  return { columns, rows, data: out };
}

/** First pixel of a cell, and the one after its last. */
function edges(cell: number, cells: number, pixels: number): readonly [number, number] {
  const from = Math.floor((cell * pixels) / cells);
  return [from, Math.max(from + 1, Math.floor(((cell + 1) * pixels) / cells))];
}

/** Cells whose colour is plainly another, as a share of all, 0 to 1. */
export function difference(one: Coarse, other: Coarse): number {
  if (one.columns !== other.columns || one.rows !== other.rows) return 1;
  const { columns, rows } = one;
  const different = pixelmatch(one.data, other.data, undefined, columns, rows, {
    ...{ threshold: 0.05, includeAA: true },
  });
  return different / (columns * rows);
}

/** All below each other as one PNG, for a golden. */
export function sheet(pictures: readonly Coarse[]): Buffer {
  const [first] = pictures;
  if (first === undefined) throw new Error('no pictures for a sheet');
  const { columns, rows } = first;
  const png = new PNG({ width: columns, height: rows * pictures.length });
  pictures.forEach(({ data }, index) => {
    png.data.set(data, index * columns * rows * 4);
  });
  return PNG.sync.write(png);
}

export function fromSheet(png: Buffer, rows: number): Coarse[] {
  const { width: columns, height, data } = PNG.sync.read(png);
  const bytes = columns * rows * 4;
  return Array.from({ length: height / rows }, (_, index) => ({
    ...{ columns, rows },
    data: new Uint8Array(data.subarray(index * bytes, (index + 1) * bytes)),
  }));
}
