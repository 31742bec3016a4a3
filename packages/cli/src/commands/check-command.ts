import { parseDuration } from "@kasbah/runtime";
import { Command, InvalidArgumentError } from "commander";
import { checkAuthorities, checkExitCodes, renderCheck } from "../authority/check.ts";
import { statusOnlineOrOffline, toJson } from "./authority-command.ts";
import type { CommandWorld } from "./command-world.ts";
import type { StateLocation } from "./state-location.ts";

interface CheckOptions extends StateLocation {
  readonly warn: number;
  readonly critical: number;
  readonly json: boolean;
}

const help = `
Looks at the authorities that sign and at those that are about to, on a running CA or in the state directory of a stopped one.

Exit codes: 0 all is well, 3 one ends within --warn, 4 one ends within --critical, 1 it could not look.

Example, in a CI job or in cron
  $ kasbah check --warn 30d --critical 7d || alert "the CA needs a look"`;

/** `kasbah check`. */
export function checkCommand(world: CommandWorld): Command {
  return new Command("check")
    .description("tell by the exit code whether an authority ends soon")
    .option("--warn <duration>", "exit 3 when one ends within this time", duration, parseDuration("30d"))
    .option("--critical <duration>", "exit 4 when one ends within this time", duration, parseDuration("7d"))
    .option("--state-dir <dir>", "the CA's state directory")
    .option("--admin-socket <path>", "the CA's socket, if it is not in the state directory")
    .option("--json", "print JSON", false)
    .addHelpText("after", help)
    .action((options: CheckOptions) => check(options, world));
}

async function check(options: CheckOptions, world: CommandWorld): Promise<void> {
  const { screen, clock } = world;
  const status = await statusOnlineOrOffline(options, world);
  const now = clock.now();
  const report = checkAuthorities(status, { warnMs: options.warn, criticalMs: options.critical }, now);
  screen.write(options.json ? toJson(report) : renderCheck(report, now));
  world.setExitCode(checkExitCodes[report.level]);
}

function duration(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    throw new InvalidArgumentError("expected a duration such as 30d or 12h.");
  }
}
