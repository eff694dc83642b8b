/**
 * How many bytes a message of each kind carries. Laws as tables: a random word becomes a size.
 */
import { exactExp, exactLog, normalQuantile } from '../core/exact-math.ts';
import { QuantileTable } from '../core/quantile-table.ts';
import type { Kind } from './kinds.ts';

/** Longest text that Telegram takes, in characters (core.telegram.org, message_length_max). */
export const TEXT_BYTES_MAX = 4096;
/** Largest file (requirement R20). */
export const MEDIA_BYTES_MAX = 2_000_000_000;
/** Mean of a file where a scenario names none: given in profile A. */
export const MEDIA_BYTES = 1_000_000;
/** Mean of a bot call's body where it is not a text of the scenario: a short JSON. Assumed. */
const BOT_CALL_BYTES = 300;
/**
 * Spread of files' sizes: standard deviation of the logarithm. Files are lognormal in the body
 * (Downey, "The structural cause of file size distributions", 2001); that it is 2, so that half of
 * them are below 14 % of the mean and the largest 1 % carry a third of all bytes, is assumed.
 */
const MEDIA_SIGMA = 2;

export interface SizeMeans {
  /** Mean length of a text in bytes of UTF-8. */
  readonly textBytes: number;
  readonly mediaBytes: number;
}

/** Bytes of content of one message of a kind; its mean is `mean` of the table. */
export function sizeTable(kind: Kind, means: SizeMeans): QuantileTable {
  if (kind === 'media') return mediaTable(means.mediaBytes);
  const mean = kind === 'bot' ? BOT_CALL_BYTES : means.textBytes;
  return textTable(mean);
}

/** Exponential, from 1 byte to the longest text. */
function textTable(mean: number): QuantileTable {
  return QuantileTable.from((_, q) => Math.min(TEXT_BYTES_MAX, Math.max(1, -mean * exactLog(q))));
}

/** Lognormal about the given mean, cut at the largest file. */
function mediaTable(mean: number): QuantileTable {
  const median = mean / exactExp((MEDIA_SIGMA * MEDIA_SIGMA) / 2);
  return QuantileTable.from((p, q) => {
    const normal = p < q ? normalQuantile(p) : -normalQuantile(q);
    return Math.min(MEDIA_BYTES_MAX, median * exactExp(MEDIA_SIGMA * normal));
  });
}
