import { previewStoppedDistrust } from "@kasbah/ca-server/state";
import type { AuthorityStatusMessage } from "@kasbah/protocol";
import { Command } from "commander";
import { renderDistrust } from "../../authority/render-distrust.ts";
import { renderAuthorities } from "../../authority/render-status.ts";
import { toJson } from "../../output/json.ts";
import { lookOf } from "../../output/terminal/look.ts";
import { flagsOf, withStateLocation } from "../ca-location.ts";
import type { CommandDeps } from "../command-deps.ts";
import { askRunningOrStopped } from "../running-or-stopped.ts";
import { type ActOptions, type AuthorityAct, actOnStatus, explained, withStoppedCa } from "./stopped-ca.ts";

export interface DistrustOptions extends ActOptions {
  readonly yes?: boolean;
  readonly json?: boolean;
}

const help = `
For an authority whose key may be in the wrong hands. Without --yes it changes nothing and shows what would happen: which
identities hold certificates of it, how many, until when, and what breaks.

With --yes the CA creates a successor if nothing else may sign, removes the authority (and everything under a root) from
the trust bundle and from signing at once, and destroys its key. The ledger contains the operation before it takes effect.
It cannot be undone, and no stage waits.

Workloads know only roots. If the key of an intermediate was stolen, distrust the intermediate first, which interrupts
nothing, and then the root above it.

Examples
  $ kasbah authority distrust root-1          what would happen
  $ kasbah authority distrust root-1 --yes`;

/** `kasbah authority distrust`. */
export function distrustCommand(deps: CommandDeps): Command {
  const command = new Command("distrust")
    .description("remove an authority whose key is compromised, at once; a dry run unless --yes is set")
    .argument("<id>", "an authority, as shown by kasbah authority list --all");
  return withStoppedCa(withStateLocation(command))
    .option("--yes", "do it")
    .option("--json", "print JSON")
    .addHelpText("after", help)
    .action((id: string, _, own: Command) => runDistrust(id, own.optsWithGlobals<DistrustOptions>(), deps));
}

/** Distrusts an authority, or shows what that would do. */
export async function runDistrust(id: string, o: DistrustOptions, deps: CommandDeps): Promise<void> {
  const { screen, clock } = deps;
  if (o.yes) {
    const { answer: status } = await actOnStatus(distrustAct(id), o, deps);
    if (o.json) return screen.write(toJson(status));
    screen.write(
      `${id} is distrusted, and its key is destroyed\n${renderAuthorities(status, clock.now(), { look: lookOf(screen) })}`,
    );
    return;
  }
  const { answer: preview } = await askRunningOrStopped(
    {
      running: (ca) => ca.previewDistrust(id),
      stopped: (directory, away) =>
        explained(directory, away, () => previewStoppedDistrust(directory, id, clock.now())),
    },
    o,
    deps,
  );
  if (o.json) return screen.write(toJson(preview));
  screen.write(renderDistrust(preview, clock.now(), lookOf(screen)));
  screen.write(`\nto do it: kasbah authority distrust ${id} --yes${flagsOf(o)}\n`);
}

function distrustAct(id: string): AuthorityAct<AuthorityStatusMessage> {
  return {
    ...{ name: "distrust", arguments: { id } },
    running: (ca) => ca.distrust(id),
    check: ({ compromise }) => compromise.previewDistrust(id),
    stopped: ({ compromise }) => compromise.distrust(id),
  };
}
