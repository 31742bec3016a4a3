import { parseDuration } from "@kasbah/runtime";
import { Command, InvalidArgumentError, Option } from "commander";
import { checkExitCodes, checkReplicas, renderCheck, unreachable } from "../authority/check.ts";
import type { CommandWorld } from "./command-world.ts";
import { toJson } from "./json.ts";
import { type CaLocation, withStateLocation } from "./state-location.ts";
import { readStatus } from "./status-source.ts";

interface CheckOptions extends CaLocation {
  readonly warn: number;
  readonly critical: number;
  readonly json: boolean;
}

const help = `
Looks at every authority that is trusted, or about to be: on a running CA, or in the state directory of a stopped one.
What counts are those that sign and those that are about to. One that retires is meant to end, and its end is no alarm.

Exit codes
  0  a CA answers, and no authority expires within --warn
  3  an authority expires within --warn
  4  an authority expires within --critical, or has expired
  1  no CA answers (UNREACHABLE), or the command failed: alert on it as well
  2  the command line is wrong

Examples
  $ kasbah check --warn 30d --critical 7d || alert "the CA needs a look"
  $ kasbah check -n kasbah-system                 in a cluster: the worst of its replicas
  $ kasbah check --json | jq -r '.authorities[] | select(.level != "OK") | .id'`;

/** `kasbah check`. */
export function checkCommand(world: CommandWorld): Command {
  const command = new Command("check")
    .description("tell by the exit code whether an authority ends soon")
    .addOption(durationOption("--warn <duration>", "exit 3 when one ends within this time", "30d"))
    .addOption(durationOption("--critical <duration>", "exit 4 when one ends within this time", "7d"));
  return withStateLocation(command)
    .option("--json", "print JSON", false)
    .addHelpText("after", help)
    .action((_, own: Command) => check(own.optsWithGlobals<CheckOptions>(), world));
}

function durationOption(flags: string, description: string, standard: string): Option {
  return new Option(flags, description).argParser(duration).default(parseDuration(standard), standard);
}

async function check(options: CheckOptions, world: CommandWorld): Promise<void> {
  const { screen, clock } = world;
  const { status, isAnswered } = await readStatus(options, world);
  const now = clock.now();
  const found = checkReplicas(status, { warnMs: options.warn, criticalMs: options.critical }, now);
  const report = isAnswered ? found : unreachable(found);
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
