import { parseDuration } from "@kasbah/runtime";
import { Command, InvalidArgumentError, Option } from "commander";
import { checkExitCodes, checkReplicas, renderCheck, unreachable } from "../../authority/check.ts";
import { toJson } from "../../output/json.ts";
import { lookOf } from "../../output/terminal/look.ts";
import { type CaLocation, withStateLocation } from "../ca-location.ts";
import type { CommandDeps } from "../command-deps.ts";
import { readStatus } from "./status-source.ts";

interface CheckOptions extends CaLocation {
  readonly warn: number;
  readonly critical: number;
  readonly json: boolean;
}

const help = `
Checks every authority that is trusted or about to be: on a running CA, or in the state directory of a stopped CA.
The exit code depends only on authorities that sign or are about to sign. A retiring authority is expected to expire.

Exit codes
  0  a CA answers and no authority expires soon
  3  an authority expires within --warn
  4  an authority expires within --critical, or has expired
  1  no CA answers (UNREACHABLE), or the check failed; treat this as an alarm, too
  2  the command line is invalid

Examples
  $ kasbah check --warn 30d --critical 7d || alert "a CA certificate expires soon"
  $ kasbah check -n kasbah-system                 in a cluster: the worst result of all replicas
  $ kasbah check --json | jq -r '.authorities[] | select(.level != "OK") | .id'`;

/** `kasbah check`. */
export function checkCommand(deps: CommandDeps): Command {
  const command = new Command("check")
    .description("report by exit code whether an authority expires soon")
    .addOption(
      durationOption("--warn <duration>", "exit with 3 if an authority expires within this time", "30d"),
    )
    .addOption(
      durationOption("--critical <duration>", "exit with 4 if an authority expires within this time", "7d"),
    );
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
  const { status, isAnswered } = await readStatus(options, deps);
  const now = clock.now();
  const found = checkReplicas(status, { warnMs: options.warn, criticalMs: options.critical }, now);
  const report = isAnswered ? found : unreachable(found);
  screen.write(options.json ? toJson(report) : renderCheck(report, now, lookOf(screen)));
  deps.setExitCode(checkExitCodes[report.level]);
}

function duration(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    throw new InvalidArgumentError("expected a duration such as 30d or 12h.");
  }
}
