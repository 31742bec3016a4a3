import { Command } from "commander";
import type { FolderChoice } from "../../dev/folder/find-folder.ts";
import { renderDevStatus } from "../../dev/render-status.ts";
import { devStatus } from "../../dev/status.ts";
import { toJson } from "../../output/json.ts";
import { lookOf } from "../../output/terminal/look.ts";
import { type WideOption, withWide } from "../../output/terminal/wide-option.ts";
import type { CommandDeps } from "../command-deps.ts";
import { dirOption } from "./dev-options.ts";
import { openProject } from "./open-project.ts";

interface StatusOptions extends FolderChoice, WideOption {
  readonly json: boolean;
}

const help = `
Exit codes
  0  the CA runs
  1  the CA is stopped, or there is no folder .kasbah

Examples
  $ kasbah dev status
  $ kasbah dev status --json | jq -r '.runs[].name'`;

/** `kasbah dev status`. */
export function devStatusCommand(deps: CommandDeps): Command {
  return withWide(new Command("status"))
    .description("show the CA, the identities that run, their ports and when their certificates expire")
    .option("--json", "print JSON", false)
    .addOption(dirOption())
    .addHelpText("after", help)
    .action((options: StatusOptions) => status(options, deps));
}

async function status(options: StatusOptions, deps: CommandDeps): Promise<void> {
  const { layout, document } = await openProject(options, deps);
  const found = await devStatus(layout, document, deps);
  deps.screen.write(
    options.json ? toJson(found) : renderDevStatus(found, deps.clock.now(), lookOf(deps.screen, options)),
  );
  if (!found.ca.running) deps.setExitCode(1);
}
