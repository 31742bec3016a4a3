import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { commands } from "../release/manifest.ts";

/** Where each shell looks for completions, relative to the top of a package. */
export interface CompletionFolders {
  readonly bash: string;
  readonly zsh: string;
  readonly fish: string;
}

/** bash names the file that it reads. */
const besideBash = `. "\${BASH_SOURCE[0]%/*}/kasbah"\n`;

/**
 * The files of the completions, by path. bash and fish look for a file with the name of the command, so those of the
 * daemons load that of `kasbah`; zsh finds the commands in the first line of the file.
 */
export async function completionFiles(
  release: string,
  folders: CompletionFolders,
): Promise<readonly (readonly [string, string])[]> {
  const script = (shell: string) => readFile(join(release, `generated/completion.${shell}`), "utf8");
  const daemons = commands.filter((name) => name !== "kasbah");
  return [
    [join(folders.bash, "kasbah"), await script("bash")],
    [join(folders.zsh, "_kasbah"), await script("zsh")],
    [join(folders.fish, "kasbah.fish"), await script("fish")],
    ...daemons.map((name) => [join(folders.bash, name), besideBash] as const),
    ...daemons.map(
      (name) => [join(folders.fish, `${name}.fish`), "source (status dirname)/kasbah.fish\n"] as const,
    ),
  ];
}
