/**
 * Log lines as JSON objects, one a line: time, level, event, then the fields. A reader that does
 * not keep up costs lines, never memory: what was dropped is counted and said in a later line.
 */
import type { Writable } from 'node:stream';
import type { Clock, Log, LogLevel } from '../environment/index.ts';

export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** Bytes that may wait in the stream before lines are dropped. */
const WAITING_BYTES_MAX = 1024 * 1024;

/** `base` fields, such as the DC, stand in every line. Lines below `level` are not written. */
export function createJsonLog(
  stream: Writable,
  level: LogLevel,
  clock: Pick<Clock, 'wallMs'>,
  base: Readonly<Record<string, string | number | boolean>> = {},
): Log {
  const lowest = LOG_LEVELS.indexOf(level);
  if (lowest < 0) {
    throw new RangeError(`logLevel: '${level}' is not known; use ${LOG_LEVELS.join(', ')}`);
  }
  let dropped = 0;
  const put = (
    lineLevel: LogLevel,
    event: string,
    fields: Readonly<Record<string, string | number | boolean>>,
  ): void => {
    const time = new Date(clock.wallMs()).toISOString();
    stream.write(`${JSON.stringify({ time, level: lineLevel, event, ...base, ...fields })}\n`);
  };
  return {
    write(lineLevel, event, fields = {}) {
      if (LOG_LEVELS.indexOf(lineLevel) < lowest) return;
      if (stream.destroyed || stream.writableLength > WAITING_BYTES_MAX) {
        dropped++;
        return;
      }
      if (dropped > 0) {
        const lines = dropped;
        dropped = 0;
        put('warn', 'log_lines_dropped', { lines });
      }
      put(lineLevel, event, fields);
    },
  };
}
