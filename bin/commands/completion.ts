/**
 * `quincunx completion`: a script that completes commands, options, their values and the names of
 * scenarios and drills in a shell. It is made from the commands themselves.
 */
import { Argument, type Command } from 'commander';
import { bashCompletion } from '../completion/bash.ts';
import { fishCompletion } from '../completion/fish.ts';
import { type CommandNode, commandTree } from '../completion/tree.ts';
import { zshCompletion } from '../completion/zsh.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';

const SHELLS: Readonly<Record<string, (commands: readonly CommandNode[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};
const EXAMPLES = `
Examples:
  quincunx completion bash                  print the script
  source <(quincunx completion bash)        this shell; in ~/.bashrc for every one
  source <(quincunx completion zsh)         in ~/.zshrc, after compinit
  quincunx completion fish > ~/.config/fish/completions/quincunx.fish

The script holds the names of this version: after an update, make it again.
`;

export function addCompletion(program: Command, finish: (code: ExitCode) => void): void {
  const shell = new Argument('<shell>', 'whose script').choices(Object.keys(SHELLS));
  program
    .command('completion')
    .description('complete commands, options and names in bash, zsh or fish')
    .addArgument(shell)
    .addHelpText('after', EXAMPLES)
    .action((name: string) => {
      process.stdout.write(SHELLS[name]!(commandTree(program)));
      finish(EXIT.held);
    });
}
