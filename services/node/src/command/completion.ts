/**
 * `poplar completion bash` and `zsh`: a script for a shell that completes commands and options, made from
 * the commands as they are.
 *
 * Never: a look at the database: names of mailboxes are not completed.
 */

import type { Command, Option } from 'commander';
import { printLine } from './output.ts';

export function registerCompletionCommand(program: Command): void {
  const completion = program.command('completion').description('completion for a shell');
  completion
    .command('bash')
    .description('for bash: source <(poplar completion bash)')
    .action(() => printLine(bashScript(program)));
  completion
    .command('zsh')
    .description('for zsh: source <(poplar completion zsh)')
    .action(() => printLine(`autoload -U +X bashcompinit && bashcompinit\n${bashScript(program)}`));
}

/** Each command by its words, and what may follow. */
function* wordsOf(command: Command, before: readonly string[]): Generator<[string, string[]]> {
  const names = command.commands.map((sub) => sub.name());
  const options = command.options.map(({ long }: Option) => long ?? '');
  yield [before.join(' '), [...names, ...options.filter((long) => long !== ''), '--help']];
  for (const sub of command.commands) yield* wordsOf(sub, [...before, sub.name()]);
}

function bashScript(program: Command): string {
  const cases = [...wordsOf(program, [])].map(
    ([path, words]) => `    '${path}') words='${words.join(' ')}' ;;`,
  );
  return `_poplar() {
  local word path='' words='' at
  for ((at = 1; at < COMP_CWORD; at += 1)); do
    word=\${COMP_WORDS[at]}
    case $word in -* | *@* | *.*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  case $path in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _poplar poplar`;
}
