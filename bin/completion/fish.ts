/** The completion script for fish. */
import type { CommandNode, OptionNode, Values } from './tree.ts';

const HEAD = `# Completion of quincunx for fish. Keep it with:
#   quincunx completion fish > ~/.config/fish/completions/quincunx.fish
function __quincunx_command_is
  set -l words (commandline -opc)
  test (count $words) -ge 2; and test "$words[2]" = "$argv[1]"
end
function __quincunx_no_command
  test (count (commandline -opc)) -eq 1
end
complete -c quincunx -f
complete -c quincunx -n __quincunx_no_command -l help -s h -d 'display help for command'
complete -c quincunx -n __quincunx_no_command -l version -s V -d 'output the version number'
`;

export function fishCompletion(commands: readonly CommandNode[]): string {
  const lines = commands.flatMap(({ name, description, options, values }) => {
    const here = `complete -c quincunx -n '__quincunx_command_is ${name}'`;
    return [
      `complete -c quincunx -n __quincunx_no_command -a ${name} -d ${quoted(description)}`,
      ...(values.words.length > 0 || values.paths !== 'none' ? [`${here}${offered(values)}`] : []),
      ...options.map((option) => `${here}${optionWords(option)}`),
    ];
  });
  return `${HEAD}${lines.join('\n')}\n`;
}

function optionWords({ flags, description, values }: OptionNode): string {
  const spelled = flags
    .map((flag) => (flag.startsWith('--') ? ` -l ${flag.slice(2)}` : ` -s ${flag.slice(1)}`))
    .join('');
  // -x: needs a value, and no file is one.
  const needs = values?.paths === 'files' ? '-r' : '-x';
  const value = values === undefined ? '' : ` ${needs}${offered(values)}`;
  return `${spelled} -d ${quoted(description)}${value}`;
}

function offered({ words, paths }: Values): string {
  const named = words.length > 0 ? ` -a ${quoted(words.join(' '))}` : '';
  if (paths === 'folders') return `${named} -a '(__fish_complete_directories)'`;
  return paths === 'files' ? `${named} -F` : named;
}

const quoted = (text: string): string => `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
