import { Command } from "commander";
import type { AdminClient, ClockStatusMessage } from "../authority/admin-client.ts";
import { type Field, fieldLines } from "../output/field-lines.ts";
import { toJson } from "../output/json.ts";
import { timeAndDistance } from "../output/relative-time.ts";
import { type Look, lookOf } from "../output/terminal/look.ts";
import { paint } from "../output/terminal/paint.ts";
import { adminClientOf, type CaLocation, withStateLocation } from "./ca-location.ts";
import type { CommandDeps } from "./command-deps.ts";

interface ClockOptions extends CaLocation {
  readonly json?: boolean;
}

const statusHelp = `
The CA compares the clock of its machine with the time since the machine booted, with the last time that it recorded, and in
Kubernetes with the API server's clock. The states are:
  trusted   the clock of the machine is used
  suspect   the clock is wrong; the CA continues with its own time, and nothing irreversible happens
  unknown   the clock is wrong and the CA does not know the time; it issues nothing`;

const acceptHelp = `
Run it only if the clock of the CA's machine is right. The CA trusts the clock from then on, and records the command in its
ledger. If the root begins in the future, because it was created while the clock was ahead, the CA also replaces the root:
no client could have accepted a certificate under it. Every client then needs the new root.

Examples
  $ date --utc && kasbah clock status
  $ kasbah clock accept`;

/** `kasbah clock …`. */
export function clockCommand(deps: CommandDeps): Command {
  const command = new Command("clock").description("show and accept the clock of the CA's machine");
  const add = (name: string, description: string, after: string, work: Work) =>
    withStateLocation(command.command(name).description(description))
      .option("--json", "print JSON")
      .addHelpText("after", after)
      .action((_: unknown, own: Command) => show(work, own.optsWithGlobals<ClockOptions>(), deps));
  add("status", "show whether the CA trusts the clock of its machine", statusHelp, (ca) => ca.clockStatus());
  add("accept", "tell the CA that the clock of its machine is right", acceptHelp, (ca) => ca.acceptClock());
  return command;
}

type Work = (ca: AdminClient) => Promise<ClockStatusMessage>;

async function show(work: Work, options: ClockOptions, deps: CommandDeps): Promise<void> {
  const status = await work(adminClientOf(options, deps));
  deps.screen.write(options.json ? toJson(status) : renderClock(status, lookOf(deps.screen)));
}

function renderClock(
  { state, reason, trustedTime, wallTime, replaced }: ClockStatusMessage,
  look: Look,
): string {
  const tone = { trusted: "good", suspect: "warning", unknown: "critical" } as const;
  const fields: Field[] = [
    ["trusted time", trustedTime.toISOString()],
    ["clock of the machine", timeAndDistance(wallTime, trustedTime)],
    ["reason", reason],
    ["replaced", replaced.join(", ")],
  ];
  return `the clock is ${paint(state, tone[state], look)}${reason === "" ? "" : "; nothing irreversible happens"}\n${fieldLines(fields, look)}`;
}
