/** The completion script for bash: also for 3.2, the last that macOS brings. */
import type { CommandNode, Values } from './tree.ts';

const HEAD = `# Completion of quincunx for bash. Load it in ~/.bashrc with:
#   source <(quincunx completion bash)
_quincunx() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  local command='' words='' paths='none' before='' index line
  COMPREPLY=()
  # bash takes "--world=model" for three words.
  if [[ $current == = ]]; then
    current=''
  elif [[ $previous == = ]]; then
    previous=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    if [[ \${COMP_WORDS[index]} != -* ]]; then
      command=\${COMP_WORDS[index]}
      break
    fi
  done
  case "$command $previous" in
`;
const MIDDLE = `    *)
      case "$command" in
`;
const TAIL = `      esac
      ;;
  esac
  # In a list with commas, the last word.
  if [[ $current == *,* && $paths == none ]]; then
    before=\${current%,*},
    current=\${current##*,}
  fi
  while IFS= read -r line; do
    COMPREPLY+=("$line")
  done < <(compgen -P "$before" -W "$words" -- "$current")
  if [[ $current != -* && $paths != none ]]; then
    compopt -o filenames 2>/dev/null
    while IFS= read -r line; do
      COMPREPLY+=("$line")
    done < <(if [[ $paths == folders ]]; then compgen -d -- "$current"
      else compgen -f -- "$current"; fi)
  fi
}
complete -F _quincunx quincunx
`;

export function bashCompletion(commands: readonly CommandNode[]): string {
  const valued = commands.flatMap(({ name, options }) =>
    options.flatMap(({ flags, values }) =>
      values === undefined
        ? []
        : `    ${flags.map((flag) => `'${name} ${flag}'`).join(' | ')}) ${assigned(values)} ;;\n`,
    ),
  );
  const names = commands.map(({ name }) => name).join(' ');
  const first = `        '') words='${names} --help --version' ;;\n`;
  const others = commands.map(({ name, options, values }) => {
    const flags = options.flatMap((option) => option.flags).join(' ');
    return (
      `        ${name}) if [[ $current == -* ]]; then words='${flags}'; ` +
      `else ${assigned(values)}; fi ;;\n`
    );
  });
  return [HEAD, ...valued, MIDDLE, first, ...others, TAIL].join('');
}

function assigned({ words, paths }: Values): string {
  return `words='${words.join(' ')}' paths=${paths}`;
}
