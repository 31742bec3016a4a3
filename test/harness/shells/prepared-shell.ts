import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CompletedShell } from "../../../packages/cli/src/shipped-files.ts";

/** An interactive shell with the completion and with commands that print `GOT<argument>…END` instead of running. */
export interface PreparedShell {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Where a shell is: its program, and the folder of Debian's packages from which it was unpacked, if any. */
export interface ShellProgram {
  readonly path: string;
  readonly unpacked?: readonly string[];
}

const commands = ["kasbah", "kasbah-server", "kasbah-agent"];

/** Writes the files with which a shell starts into a folder. Its prompt has the number of the line. */
export function prepareShell(
  shell: CompletedShell,
  { path, unpacked = [] }: ShellProgram,
  completion: string,
  folder: string,
): PreparedShell {
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  write(`completion.${shell}`, completion);
  const script = join(folder, `completion.${shell}`);
  const posix = commands.map((name) => `${name}() { printf GOT; printf '<%s>' "$@"; echo END; }\n`).join("");
  if (shell === "bash") {
    write("bashrc", `PS1='READY\\#>'\n${posix}. ${script}\n`);
    return { command: [path, "--noprofile", "--rcfile", join(folder, "bashrc"), "-i"], env: {} };
  }
  if (shell === "zsh") {
    const places = unpacked.map((root) => `fpath=(${root}/usr/share/zsh/functions/*(/N) $fpath)\n`).join("");
    const modules = unpacked
      .map((root) => `module_path=(${root}/usr/lib/*/zsh/*(/N) $module_path)\n`)
      .join("");
    const setUp = `n=0; precmd() { n=$((n + 1)); PROMPT="READY$n>"; }\nautoload -Uz compinit; compinit -u -D\n`;
    write(".zshrc", `${modules}${places}unsetopt beep\n${setUp}${posix}. ${script}\n`);
    return { command: [path, "-i"], env: { ZDOTDIR: folder } };
  }
  const places = unpacked
    .map((root) => `set -p fish_function_path ${root}/usr/share/fish/functions\n`)
    .join("");
  const functions = commands
    .map((name) => `function ${name}; printf GOT; printf '<%s>' $argv; echo END; end\n`)
    .join("");
  const prompt =
    "set -g n 1\nfunction next --on-event fish_postexec; set -g n (math $n + 1); end\nfunction fish_prompt; echo -n READY$n'>'; end\n";
  write("start.fish", `${places}${prompt}${functions}source ${script}\n`);
  return {
    command: [path, "--no-config", "--interactive", "--init-command", `source ${join(folder, "start.fish")}`],
    env: { HOME: folder },
  };
}
