/** Each option of a command with its value and where that is from, for `--show-config`. */
import type { Window } from '../../scenarios/traffic-fields.ts';
import type { Applied } from './apply.ts';
import { CONFIG_FILES } from './find-file.ts';
import type { Setting } from './setting.ts';

export interface ShownSetting {
  readonly name: string;
  /** Null where nothing says anything. */
  readonly value: unknown;
  readonly from:
    | 'default'
    | 'config file'
    | 'scenario'
    | 'environment'
    | 'command line'
    | 'nothing';
  /** Place in the file, name of the variable, or the flag. */
  readonly origin?: string;
  /** The variables that would set it. */
  readonly variables: readonly string[];
}

export interface ShownConfig {
  readonly command: string;
  /** Null where no config file says anything for this command. */
  readonly file: string | null;
  readonly settings: readonly ShownSetting[];
}

/** After the command line was read. `own` is the scenario's window, where there is one. */
export function shownConfig(applied: Applied, own?: Required<Window>): ShownConfig {
  return {
    command: applied.command.name(),
    file: applied.file ?? null,
    settings: applied.settings.map((setting) => shown(setting, applied, own)),
  };
}

function shown(
  { option, name, variables, scenarios }: Setting,
  { command, origins }: Applied,
  own: Required<Window> | undefined,
): ShownSetting {
  const attribute = option.attributeName();
  const value: unknown = command.getOptionValue(attribute) ?? null;
  const base = { name, value, variables };
  switch (command.getOptionValueSource(attribute)) {
    case 'cli':
      return { ...base, from: 'command line', origin: option.long ?? option.flags };
    case 'env':
      return { ...base, from: 'environment', origin: origins.get(name)! };
    case 'config':
      return { ...base, from: 'config file', origin: origins.get(name)! };
    default: {
      const said = scenarios && own ? scenarioSays(name, own) : undefined;
      if (said !== undefined) return { ...base, value: said, from: 'scenario' };
      return { ...base, from: value === null ? 'nothing' : 'default' };
    }
  }
}

function scenarioSays(name: string, { fromUtc, seconds }: Required<Window>): string | undefined {
  if (name === 'from') return fromUtc;
  return name === 'for' ? `${seconds}s` : undefined;
}

export function shownText({ command, file, settings }: ShownConfig): string {
  const rows = settings.map(({ name, value, from, origin, variables }) => [
    name,
    value === null ? '-' : Array.isArray(value) ? value.join(',') : String(value),
    from === 'nothing' ? 'not set' : (origin ?? from),
    variables.at(-1)!,
  ]);
  const head = ['option', 'value', 'from', 'variable'];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd();
  return [
    `quincunx ${command}; config file: ${file ?? `none (looked for ${CONFIG_FILES.join(', ')})`}`,
    '',
    line(head),
    ...rows.map(line),
    '',
    'later ones count: default, config file, scenario, environment, command line',
    '',
  ].join('\n');
}
