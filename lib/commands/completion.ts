/**
 * `deno task completion SHELL`: a script that completes the tasks of this project
 * and their options.
 *
 * @module
 */

import { Argument, Command } from "@commander-js/extra-typings";
import { runCommand } from "../cli/command_line.ts";
import { commandOf, TASKS } from "./tasks.ts";

/** What can follow a task's name. */
interface Completion {
  /** The task. */
  task: string;
  /** Its options. */
  options: {
    /** As typed, `--engine`. */
    flag: string;
    /** What it does, on one line. */
    description: string;
    /** Whether a value follows. */
    takesValue: boolean;
    /** The values, where they are few. */
    choices: readonly string[];
  }[];
}

/** What the tasks' commands take. */
export async function completions(): Promise<Completion[]> {
  const all: Completion[] = [];
  for (const task of TASKS) {
    const command = await commandOf(task);
    const options = (command?.options ?? []).flatMap((option) =>
      option.long === undefined ? [] : [{
        flag: option.long,
        description: option.description.replace(/\s+/g, " "),
        takesValue: option.required || option.optional,
        choices: option.argChoices ?? [],
      }]
    );
    if (command !== undefined) {
      options.push({
        flag: "--help",
        description: "display help for command",
        takesValue: false,
        choices: [],
      });
    }
    all.push({ task: task.name, options });
  }
  return all;
}

/** `text` in single quotes, for any of the shells. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "’")}'`;
}

const WHERE = "Completes the tasks of Optofit, in its folder.";

// Deno's own completion, where it is installed, keeps all but our tasks.
function bash(all: Completion[]): string {
  const flags = all.map(({ task, options }) =>
    `    ${task}) flags=${quoted(options.map(({ flag }) => flag).join(" "))} ;;`
  );
  const choices = all.flatMap(({ task, options }) =>
    options.filter((option) => option.choices.length > 0)
      .map(({ flag, choices }) =>
        `    ${task}${flag}) words=${quoted(choices.join(" "))} ;;`
      )
  );
  return `# ${WHERE} Bash 4.3 or later; in ~/.bashrc:
#   source <(deno task --quiet completion bash)
_optofit() {
  local line task now before flags= words=
  # Task names hold colons, at which bash divides words.
  read -ra line <<< "\${COMP_LINE:0:COMP_POINT}"
  [[ \${COMP_LINE:0:COMP_POINT} == *' ' ]] && line+=('')
  now=\${line[-1]} task=\${line[2]-} before=\${line[-2]-}
  if [[ \${line[1]-} != task || ! -f lib/compressor/compressor.ts ]]; then
    declare -F _deno > /dev/null && _deno "$@"
    return
  fi
  if (( \${#line[@]} <= 3 )); then
    words=${quoted(all.map(({ task }) => task).join(" "))}
  else
    case $task$before in
${choices.join("\n")}
    esac
    case $task in
${flags.join("\n")}
    esac
    [[ -z $words && $now == -* ]] && words=$flags
  fi
  if [[ -n $words ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$now")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$now")
  fi
  # What bash takes for the word begins after the last colon.
  [[ $now == *:* ]] && COMPREPLY=("\${COMPREPLY[@]#"\${now%:*}:"}")
}
complete -o filenames -o bashdefault -F _optofit deno
`;
}

function zsh(all: Completion[]): string {
  const cases = all.map(({ task, options }) => {
    const specs = options.map(({ flag, description, takesValue, choices }) => {
      const text = description.replace(/[[\]:\\]/g, "\\$&");
      const value = !takesValue
        ? ""
        : choices.length > 0
        ? `:value:(${choices.join(" ")})`
        : ":value:_files";
      return quoted(`*${flag}[${text}]${value}`);
    });
    return `    ${task}) _arguments ${specs.join(" ")} '*:file:_files' ;;`;
  });
  return `# ${WHERE} In ~/.zshrc, after compinit:
#   source <(deno task --quiet completion zsh)
_optofit() {
  if [[ $words[2] != task || ! -f lib/compressor/compressor.ts ]]; then
    (( $+functions[_deno] )) && _deno "$@"
    return
  fi
  if (( CURRENT == 3 )); then
    compadd -- ${all.map(({ task }) => task).join(" ")}
    return
  fi
  local task=$words[3]
  shift 2 words
  (( CURRENT -= 2 ))
  case $task in
${cases.join("\n")}
  esac
}
compdef _optofit deno
`;
}

function fish(all: Completion[]): string {
  const tasks = all.map(({ task }) => task).join(" ");
  const lines = all.flatMap(({ task, options }) =>
    options.map(({ flag, description, takesValue, choices }) => {
      const value = !takesValue
        ? ""
        : choices.length > 0
        ? ` -x -a ${quoted(choices.join(" "))}`
        : " -r";
      return `complete -c deno -n '__optofit_at ${task}' -l ${
        flag.slice(2)
      }${value} -d ${quoted(description)}`;
    })
  );
  return `# ${WHERE} In ~/.config/fish/config.fish:
#   deno task --quiet completion fish | source
function __optofit_at
  set -l line (commandline -opc)
  test -f lib/compressor/compressor.ts; and test "$line[2]" = task
  and test "$line[3]" = "$argv[1]"
end
complete -c deno -f -n '__optofit_at ""' -a ${quoted(tasks)}
${lines.join("\n")}
`;
}

const SHELLS = { bash, zsh, fish };

/** The command. */
export const command = new Command("deno task completion")
  .description(
    "Prints a script by which a shell completes this project's tasks and options.",
  )
  .addArgument(
    new Argument("<shell>", "whose script").choices(
      Object.keys(SHELLS) as (keyof typeof SHELLS)[],
    ),
  )
  .addHelpText(
    "after",
    `
Examples:
  source <(deno task --quiet completion bash)
  deno task --quiet completion fish | source`,
  )
  .action(async (shell) => {
    console.log(SHELLS[shell](await completions()).trimEnd());
  });

if (import.meta.main) await runCommand(command);
