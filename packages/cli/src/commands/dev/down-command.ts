import { Command } from "commander";
import { type FolderChoice, findFolder } from "../../dev/folder/find-folder.ts";
import { purgeFolder, stopProject } from "../../dev/stop-project.ts";
import type { CommandDeps } from "../command-deps.ts";
import { dirOption } from "./dev-options.ts";
import { openProject } from "./open-project.ts";

interface DownOptions extends FolderChoice {
  readonly purge: boolean;
}

const help = `
Ends each kasbah dev run of this project and its CA. If nothing runs, the command changes nothing. Keys and records stay in
the folder until --purge, so that kasbah dev up continues with the same root.`;

/** `kasbah dev down`. */
export function downCommand(deps: CommandDeps): Command {
  return new Command("down")
    .description("stop the CA and every program of this project")
    .option("--purge", "also delete the folder with its keys", false)
    .addOption(dirOption())
    .addHelpText("after", help)
    .action((options: DownOptions) => down(options, deps));
}

async function down(options: DownOptions, deps: CommandDeps): Promise<void> {
  const folder = await findFolder(options, deps);
  if (folder === undefined)
    return deps.screen.write("nothing to stop: this folder and its parents have no .kasbah\n");
  const { layout, store } = await openProject({ dir: folder }, deps);
  const { ca, runs } = await stopProject(store, deps);
  for (const name of runs) deps.screen.write(`stopped ${name}\n`);
  deps.screen.write(ca ? "stopped the CA\n" : "the CA was not running\n");
  if (!options.purge) return;
  await purgeFolder(layout);
  deps.screen.write(`deleted ${layout.folder}\n`);
}
