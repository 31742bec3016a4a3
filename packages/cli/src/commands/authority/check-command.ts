import { parseDuration } from "@kasbah/runtime";
import { Command, InvalidArgumentError, Option } from "commander";
import { checkExitCodes, checkReplicas, renderCheck } from "../../authority/check.ts";
import { toJson } from "../../output/json.ts";
import { type CaLocation, withStateLocation } from "../ca-location.ts";
import type { CommandDeps } from "../command-deps.ts";
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
  0  all is well
  3  an authority ends within --warn
  4  an authority ends within --critical, or has ended
  1  it could not look, which is a reason for an alarm as well
  2  a wrong command line

Examples
  $ kasbah check --warn 30d --critical 7d || alert "the CA needs a look"
  $ kasbah check -n kasbah-system                 in a cluster: the worst of its replicas
  $ kasbah check --json | jq -r '.authorities[] | select(.level != "OK") | .id'`;

/** `kasbah check`. */
export function checkCommand(deps: CommandDeps): Command {
  const command = new Command("check")
    .description("tell by the exit code whether an authority ends soon")
    .addOption(durationOption("--warn <duration>", "exit 3 when one ends within this time", "30d"))
    .addOption(durationOption("--critical <duration>", "exit 4 when one ends within this time", "7d"));
  return withStateLocation(command)
    .option("--json", "print JSON", false)
    .addHelpText("after", help)
    .action((_, own: Command) => check(own.optsWithGlobals<CheckOptions>(), deps));
}

function durationOption(flags: string, description: string, standard: string): Option {
  return new Option(flags, description).argParser(duration).default(parseDuration(standard), standard);
}

async function check(options: CheckOptions, deps: CommandDeps): Promise<void> {
  const { screen, clock } = deps;
  const status = await readStatus(options, deps);
  const now = clock.now();
  const report = checkReplicas(status, { warnMs: options.warn, criticalMs: options.critical }, now);
  screen.write(options.json ? toJson(report) : renderCheck(report, now));
  deps.setExitCode(checkExitCodes[report.level]);
}

function duration(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    throw new InvalidArgumentError("expected a duration such as 30d or 12h.");
  }
}
