import { Command } from "commander";
import { toJson } from "../../output/json.ts";
import { adminClientOf, type StateLocation, withStateLocation } from "../ca-location.ts";
import type { CommandDeps } from "../command-deps.ts";

interface OverviewOptions extends StateLocation {
  readonly forMerging: boolean;
}

/** `kasbah overview`, which another kasbah runs in each pod. It always prints JSON. */
export function overviewCommand(deps: CommandDeps): Command {
  const command = new Command("overview").description(
    "print how one CA process is, as JSON; kasbah status shows it to people",
  );
  return withStateLocation(command)
    .option("--for-merging", "include what a merge of several replicas needs", false)
    .option("--json", "print JSON, which is the only format", true)
    .action(async (_, own: Command) => {
      const { forMerging, ...location } = own.optsWithGlobals<OverviewOptions>();
      deps.screen.write(toJson(await adminClientOf(location, deps).ownOverview({ forMerging })));
    });
}
