import { Command, InvalidArgumentError } from "commander";
import { renderRotation } from "../../authority/render-status.ts";
import { toJson } from "../../output/json.ts";
import { lookOf } from "../../output/terminal/look.ts";
import { withStateLocation } from "../ca-location.ts";
import type { CommandDeps } from "../command-deps.ts";
import { type ActOptions, actOnStatus, withStoppedCa } from "./stopped-ca.ts";

interface RecallOptions extends ActOptions {
  readonly json?: boolean;
}

const help = `
Brings back a root or an intermediate that is retiring or retired, by a rotation to it: first it returns to the trust
bundle, and it signs once every certificate issued before that has expired. An intermediate under the root in use signs at
once. A root returns with the intermediate under it that is valid for the longest time, or with a new one.

The CA keeps the key of a retired authority for --keep-retired-keys. kasbah authority list --all shows until when. Before
the stage retiring, use kasbah authority abort instead.

Afterwards no rotation starts automatically until you run kasbah authority resume or rotate.

Examples
  $ kasbah authority list --all
  $ kasbah authority recall root-1`;

/** `kasbah authority recall`. */
export function recallCommand(deps: CommandDeps): Command {
  const command = new Command("recall")
    .description("bring back an authority that is retiring or retired")
    .argument("<id>", "its id, such as root-1", parseId);
  return withStoppedCa(withStateLocation(command))
    .option("--json", "print JSON")
    .addHelpText("after", help)
    .action((id: string, _, own: Command) => recall(id, own.optsWithGlobals<RecallOptions>(), deps));
}

async function recall(id: string, o: RecallOptions, deps: CommandDeps): Promise<void> {
  const { screen, clock } = deps;
  const { answer: status } = await actOnStatus(
    {
      ...{ name: "recall", arguments: { id } },
      running: (ca) => ca.recall(id),
      stopped: ({ operations }) => operations.recall(id),
    },
    o,
    deps,
  );
  screen.write(o.json ? toJson(status) : renderRotation(status, clock.now(), lookOf(screen)));
}

function parseId(text: string): string {
  if (/^(root|intermediate)-\d{1,9}$/.test(text)) return text;
  throw new InvalidArgumentError("expected an id such as root-1, as shown by kasbah authority list --all.");
}
