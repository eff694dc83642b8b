/** What `--help` of every command must have, and that its examples are commands that exist. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { beforeAll, expect, test } from 'vitest';
import { COMMANDS } from '../../bin/command-table.ts';
import { addCommonOptions } from '../../bin/config/apply.ts';
import { ROOT } from '../setup/source-files.ts';

const program = new Command('quincunx');
const help = new Map<string, string>();

beforeAll(async () => {
  for (const load of Object.values(COMMANDS)) (await load())(program, () => undefined);
  for (const command of program.commands) {
    addCommonOptions(command);
    let text = '';
    command.configureOutput({
      writeOut: (part) => {
        text += part;
      },
    });
    command.outputHelp();
    help.set(command.name(), text);
  }
}, 30_000);

/** The words of each example, without what a shell does with them. */
function examplesOf(name: string): string[][] {
  const part = help.get(name)!.split('\nExamples:\n')[1] ?? '';
  const lines = part.replaceAll('\\\n', ' ').split('\n');
  const end = lines.findIndex((line) => line !== '' && !line.startsWith('  '));
  return lines
    .slice(0, end === -1 ? lines.length : end)
    .flatMap((line) => /(?:^ {2}|[(|] ?|&& )(?:\w+=\S+ )?(quincunx .*)/.exec(line)?.[1] ?? [])
    .map((line) => line.split(/ {2,}| [|>#] |\)/)[0]!.split(' '));
}

test('every command of the folder is in the table, under its own name', () => {
  const files = readdirSync(join(ROOT, 'bin/commands')).map((file) => file.replace('.ts', ''));
  expect(Object.keys(COMMANDS).sort()).toEqual(files.sort());
  expect(program.commands.map((command) => command.name())).toEqual(Object.keys(COMMANDS));
});

test.each(Object.keys(COMMANDS))('%s: says what it does, with examples that exist', (name) => {
  const command = program.commands.find((one) => one.name() === name)!;
  expect(command.description()).not.toBe('');
  const silent = command.options.filter(({ description }) => description === '');
  expect(silent.map(({ flags }) => flags)).toEqual([]);
  const examples = examplesOf(name);
  expect(examples.filter((words) => words[1] === name).length).toBeGreaterThanOrEqual(2);
  for (const words of examples) {
    const called = program.commands.find((one) => one.name() === words[1]);
    expect(called, words.join(' ')).toBeDefined();
    const flags = words.filter((word) => word.startsWith('--')).map((word) => word.split('=')[0]);
    const known = called!.options.flatMap(({ long, short }) => [long, short]);
    expect(flags.filter((flag) => flag !== '--help' && !known.includes(flag))).toEqual([]);
  }
});
