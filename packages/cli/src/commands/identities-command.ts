import { Command } from "commander";
import { authorityNames } from "../audit/ask-who.ts";
import { type LedgerLocation, withLedger, withLedgerLocation } from "../audit/ledger-access.ts";
import { identitiesJson, namespaceOf, renderIdentities } from "../audit/render-identities.ts";
import { identitiesHelp } from "./audit-help.ts";
import type { CommandWorld } from "./command-world.ts";
import { toJson } from "./json.ts";

interface IdentitiesOptions extends LedgerLocation {
  readonly in?: string;
  readonly json: boolean;
}

/** `kasbah identities`. */
export function identitiesCommand(world: CommandWorld): Command {
  const command = new Command("identities").description("list the names that hold a certificate now");
  return withLedgerLocation(command)
    .option("--in <namespace>", "only names of this namespace")
    .option("--json", "print JSON", false)
    .addHelpText("after", identitiesHelp)
    .action((options: IdentitiesOptions) => identities(options, world));
}

async function identities(
  { in: namespace, json, ...o }: IdentitiesOptions,
  world: CommandWorld,
): Promise<void> {
  const now = world.clock.now();
  const answer = await withLedger(o, world, async (ledger) => {
    const all = await ledger.identities(now);
    const found =
      namespace === undefined ? all : all.filter(({ entry }) => namespaceOf(entry.spiffeId) === namespace);
    return { found, authorities: await authorityNames(ledger, found) };
  });
  world.screen.write(json ? toJson(identitiesJson(answer, now)) : renderIdentities(answer, now));
}
