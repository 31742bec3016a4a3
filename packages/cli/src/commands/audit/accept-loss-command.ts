import { printableText } from "@kasbah/runtime";
import { Command } from "commander";
import { toJson } from "../../output/json.ts";
import { adminClientOf, type StateLocation, withStateLocation } from "../ca-location.ts";
import type { CommandDeps } from "../command-deps.ts";

interface AcceptLossOptions extends StateLocation {
  readonly reason: string;
  readonly json?: boolean;
}

const help = `
If the ledger was lost or replaced, the CA keeps what was left as evidence, begins a new ledger whose first entry names the
lost one, and reports the loss until an operator accepts it. Examine the evidence first: this command is recorded in the
ledger with its reason, and from then on kasbah audit verify mentions the loss only as a note.

Examples
  $ kasbah audit accept-loss --reason "volume replaced, ticket 4711"`;

/** `kasbah audit accept-loss`. */
export function auditAcceptLossCommand(deps: CommandDeps): Command {
  const command = new Command("accept-loss").description(
    "accept that the ledger was lost, and record the reason",
  );
  return withStateLocation(command)
    .requiredOption("--reason <text>", "why the loss is accepted; it is recorded in the ledger")
    .option("--json", "print JSON")
    .addHelpText("after", help)
    .action((options: AcceptLossOptions) => acceptLoss(options, deps));
}

async function acceptLoss(options: AcceptLossOptions, deps: CommandDeps): Promise<void> {
  const loss = await adminClientOf(options, deps).acceptLedgerLoss(options.reason);
  const { found, evidence, lostAt } = loss;
  const kept = evidence === "" ? "" : `; the evidence stays in ledger/${evidence}`;
  deps.screen.write(
    options.json
      ? toJson(loss)
      : `accepted the loss of ${lostAt}: ${printableText(found)}${printableText(kept)}\n`,
  );
}
