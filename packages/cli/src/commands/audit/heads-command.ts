import { Command } from "commander";
import { readLocalHeads } from "../../audit/known-heads.ts";
import { fieldLines } from "../../output/field-lines.ts";
import { toJson } from "../../output/json.ts";
import { timeAndDistance } from "../../output/relative-time.ts";
import { lookOf } from "../../output/terminal/look.ts";
import { stateDirectoryOf } from "../ca-location.ts";
import type { CommandDeps } from "../command-deps.ts";

interface HeadsOptions {
  readonly stateDir?: string;
  readonly json: boolean;
}

const help = `
Every ledger must be an extension of the heads that are known elsewhere: in the control state, in the copy of
--checkpoint-to, and in the other replicas. kasbah audit verify compares them.

Examples
  $ kasbah audit heads
  $ kubectl -n kasbah-system exec kasbah-1 -c kasbah-server -- kasbah audit heads --json`;

/** `kasbah audit heads`. */
export function auditHeadsCommand(deps: CommandDeps): Command {
  return new Command("heads")
    .description("show the heads of ledgers that the CA knows from outside its ledger")
    .option("--state-dir <dir>", "the CA's state directory")
    .option("--json", "print JSON", false)
    .addHelpText("after", help)
    .action((options: HeadsOptions) => heads(options, deps));
}

async function heads(options: HeadsOptions, deps: CommandDeps): Promise<void> {
  const { operator, screen, clock } = deps;
  const known = await readLocalHeads(stateDirectoryOf(options, deps), { origin: undefined, operator });
  if (options.json) return screen.write(toJson({ replica: known.replica, heads: known.heads }));
  const look = lookOf(screen);
  const timeText = (time: string) =>
    look.columns === undefined ? time : timeAndDistance(new Date(time), clock.now());
  const texts = known.heads.map(({ where, replica, origin, size, root, time, loss }) =>
    fieldLines(
      [
        ["ledger of", replica],
        ["known to", where],
        ["log", origin],
        ["entries", `${size}`],
        ["root", root],
        ...(time === "" ? [] : ([["time", timeText(time)]] as const)),
        ...(loss === undefined ? [] : ([["loss", loss.found, "critical"]] as const)),
      ],
      look,
    ),
  );
  screen.write(texts.length === 0 ? "no head is known outside the ledger\n" : texts.join("\n"));
}
