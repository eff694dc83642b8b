/** The completion script for zsh, to be sourced or to lie in a folder of $fpath as _quincunx. */
import type { CommandNode, OptionNode, Values } from './tree.ts';

const HEAD = `#compdef quincunx
# Completion of quincunx for zsh. Load it in ~/.zshrc, after compinit, with:
#   source <(quincunx completion zsh)
_quincunx() {
  local -a commands
  commands=(
`;
const MIDDLE = `  )
  if (( CURRENT == 2 )); then
    _describe -t commands command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
`;
const TAIL = `  esac
}
if [[ $funcstack[1] == _quincunx ]]; then
  _quincunx "$@"
else
  compdef _quincunx quincunx
fi
`;

export function zshCompletion(commands: readonly CommandNode[]): string {
  const names = commands.map(
    ({ name, description }) => `    ${quoted(`${name}:${description.replaceAll(':', '\\:')}`)}\n`,
  );
  const cases = commands.map(({ name, options, values }) => {
    const specs = [...options.flatMap(optionSpecs), `*:argument:${action(values)}`];
    const lines = specs.map((spec) => `        ${quoted(spec)}`).join(' \\\n');
    return `    ${name})\n      _arguments -S \\\n${lines}\n      ;;\n`;
  });
  return [HEAD, ...names, MIDDLE, ...cases, TAIL].join('');
}

/** "*": may be repeated. "=": its value stands behind it, or behind a "=". */
function optionSpecs({ flags, description, values }: OptionNode): string[] {
  const text = description.replaceAll(/[[\]:\\]/g, '\\$&');
  return flags.map((flag) => {
    if (values === undefined) return `${flag}[${text}]`;
    return `*${flag}${flag.startsWith('--') ? '=' : ''}[${text}]:value:${action(values)}`;
  });
}

function action({ words, paths, list }: Values): string {
  const files = { files: '_files', folders: '_files -/', none: ' ' }[paths];
  if (words.length === 0) return files;
  const names = `(${words.join(' ')})`;
  // With a space before it, zsh hands it no options of its own, which _alternative has not.
  if (paths !== 'none') return ` _alternative "names:name:${names}" "files:file:${files}"`;
  return list ? `_sequence compadd - ${words.join(' ')}` : names;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
