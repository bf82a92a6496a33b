/**
 * `poplar completion bash` and `zsh`: a script for a shell that completes commands, options and the words of closed
 * lists, made from the commands as they are.
 *
 * The script walks the words before the cursor. One that goes on with a command is part of its name, any other is an
 * argument, whatever it looks like, and leaves the command as it is. Behind a comma the next word of a list is
 * completed.
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

interface Offer {
  /** The names of a command, with spaces between. */
  readonly path: string;
  readonly words: readonly string[];
  /** By option, what may stand behind it. */
  readonly behind: ReadonlyMap<string, readonly string[]>;
}

function* offersOf(command: Command, before: readonly string[]): Generator<Offer> {
  const names = command.commands.map((sub) => sub.name());
  const options = command.options.map(({ long }: Option) => long ?? '').filter((long) => long);
  const words = command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices);
  const behind = command.options.flatMap(({ long, argChoices }: Option): [string, string[]][] =>
    long == null || argChoices === undefined ? [] : [[long, argChoices]],
  );
  yield {
    path: before.join(' '),
    words: [...names, ...words, ...options, '--help'],
    behind: new Map(behind),
  };
  for (const sub of command.commands) yield* offersOf(sub, [...before, sub.name()]);
}

function bashScript(program: Command): string {
  const offers = [...offersOf(program, [])];
  const known = offers.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  const words = offers.map(({ path, words }) => `    '${path}') words='${words.join(' ')}' ;;`);
  const behind = offers.flatMap(({ path, behind }) =>
    [...behind].map(
      ([option, choices]) => `    '${path} ${option}') words='${choices.join(' ')}' ;;`,
    ),
  );
  return `_poplar() {
  local path='' words='' begun='' at next word=\${COMP_WORDS[COMP_CWORD]} option=\${COMP_WORDS[COMP_CWORD-1]}
  for ((at = 1; at < COMP_CWORD; at += 1)); do
    next="\${path:+$path }\${COMP_WORDS[at]}"
    case $next in
      ${known.join(' | ')}) path=$next ;;
    esac
  done
  case $path in
${words.join('\n')}
  esac
  # --option=word comes as three words.
  if [[ $word == '=' ]]; then word=''; elif [[ $option == '=' ]]; then option=\${COMP_WORDS[COMP_CWORD-2]}; fi
  case "$path $option" in
${behind.join('\n')}
  esac
  if [[ $word == *,* ]]; then begun="\${word%,*}," word=\${word##*,}; fi
  COMPREPLY=($(compgen -P "$begun" -W "$words" -- "$word"))
}
complete -o default -F _poplar poplar`;
}
