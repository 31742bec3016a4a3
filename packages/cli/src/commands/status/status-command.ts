import { parseDuration } from "@kasbah/runtime";
import { Command, InvalidArgumentError } from "commander";
import { namesCluster } from "../../kubectl/cluster-choice.ts";
import { toJson, toJsonLine } from "../../output/json.ts";
import type { StatusLevel } from "../../status/finding.ts";
import { gatherStatus } from "../../status/gather-status.ts";
import { renderStatus } from "../../status/render/render-status.ts";
import type { StatusReport } from "../../status/report.ts";
import { watchStatus } from "../../status/watch-status.ts";
import { type CaLocation, withStateLocation } from "../ca-location.ts";
import type { CommandDeps } from "../command-deps.ts";
import { statusPlaceOf } from "./status-place.ts";

interface StatusOptions extends CaLocation {
  readonly json: boolean;
  readonly watch: boolean;
  readonly interval?: number;
}

/** As `kasbah check`. */
const exitCodes: Readonly<Record<StatusLevel, number>> = { ok: 0, warning: 3, critical: 4 };

/** A query of a cluster starts processes in every pod. */
const everyMs = { machine: 2_000, cluster: 10_000 } as const;

const help = `
Shows on one screen how the CA is: whether it runs and is ready, what it warns about, how many certificates it issues and
refuses, the next rotation, identities about to expire, ledger, disk, clock and replicas. Each finding has a code, its cause,
a fix and the page that explains more. If no CA answers, the command reads its state directory and says what keeps the CA
from starting.

Exit codes
  0  all is well; notes do not change the exit code
  3  something needs attention
  4  the CA is down, issues no certificates, or soon will
  1  the state cannot be determined; treat this as an alarm, too
  2  the command line is invalid
With --watch, the exit code is 0 after Ctrl-C.

Examples
  $ kasbah status
  $ kasbah status --watch
  $ kasbah status --state-dir /var/lib/kasbah         a stopped CA, too
  $ kasbah status -n kasbah-system                    in a cluster: all replicas
  $ kasbah status --json | jq -r '.findings[] | .code + ": " + .fix'`;

/** `kasbah status`. */
export function caStatusCommand(deps: CommandDeps): Command {
  const command = new Command("status").description("show how the CA is, what is wrong and how to fix it");
  return withStateLocation(command)
    .option("--watch", "show it again and again until Ctrl-C", false)
    .option("--interval <duration>", "how often with --watch (default: 2s, in a cluster 10s)", intervalOf)
    .option("--json", "print JSON; with --watch, one object per line", false)
    .addHelpText("after", help)
    .action((_, own: Command) => status(own.optsWithGlobals<StatusOptions>(), deps));
}

async function status(options: StatusOptions, deps: CommandDeps): Promise<void> {
  const { screen, clock, signal } = deps;
  const { json, watch, interval } = options;
  const place = await statusPlaceOf(options, deps);
  const read = () => gatherStatus(place);
  const text = (report: StatusReport) => renderStatus(report, screen);
  if (watch) {
    const standard = namesCluster(options) ? everyMs.cluster : everyMs.machine;
    const shown = json ? { ...screen, write: screen.write, interactive: false } : screen;
    const render = json ? toJsonLine : (report: StatusReport) => `${text(report)}\n`;
    await watchStatus({ read, render, everyMs: interval ?? standard, screen: shown, clock, signal });
    return;
  }
  const report = await read();
  screen.write(json ? toJson(report) : text(report));
  deps.setExitCode(exitCodes[report.level]);
}

function intervalOf(text: string): number {
  try {
    const ms = parseDuration(text);
    if (ms >= 1000) return ms;
  } catch {
    // The error below applies.
  }
  throw new InvalidArgumentError("expected a duration of at least 1s.");
}
