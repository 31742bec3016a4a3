import { readFile } from "node:fs/promises";
import { Argument, Command } from "commander";
import { type CompletedShell, completedShells, generatedFile } from "../shipped-files.ts";
import type { CommandDeps } from "./command-deps.ts";

const help = `
The script completes commands, flags and values of kasbah, kasbah-server and kasbah-agent. It reads local files only: no
key press contacts a CA or a cluster. The Debian package and install.sh install it; otherwise load it at the start of the shell.

Examples
  $ source <(kasbah completion bash)                     in ~/.bashrc
  $ source <(kasbah completion zsh)                      in ~/.zshrc, after compinit
  $ kasbah completion fish > ~/.config/fish/completions/kasbah.fish`;

/** `kasbah completion`. */
export function completionCommand({ screen }: Pick<CommandDeps, "screen">): Command {
  return new Command("completion")
    .description("print a script with which a shell completes the commands of kasbah")
    .addArgument(new Argument("<shell>", "the shell").choices(completedShells))
    .addHelpText("after", help)
    .action(async (shell: CompletedShell) =>
      screen.write(await readFile(generatedFile(`completion.${shell}`), "utf8")),
    );
}
