/** Structured log lines. Never contains keys, codes, message texts or phone numbers. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface Log {
  /** `event` is a short stable name, such as "link_down"; `fields` hold what varies. */
  write(
    level: LogLevel,
    event: string,
    fields?: Readonly<Record<string, string | number | boolean>>,
  ): void;
}
