import { Command } from "commander";
import { identitiesJson, namespaceOf, renderIdentities } from "../../audit/render/identities.ts";
import { toJson } from "../../output/json.ts";
import { lookOf } from "../../output/terminal/look.ts";
import { type WideOption, withWide } from "../../output/terminal/wide-option.ts";
import type { CommandDeps } from "../command-deps.ts";
import { identitiesHelp } from "./help.ts";
import { type AuditLocation, auditSourceOf, withLedgerLocation } from "./location.ts";

interface IdentitiesOptions extends AuditLocation, WideOption {
  readonly in?: string;
  readonly json: boolean;
}

/** `kasbah identities`. */
export function identitiesCommand(deps: CommandDeps): Command {
  const command = new Command("identities").description("list the identities that have a valid certificate");
  return withWide(withLedgerLocation(command))
    .option("--in <namespace>", "list only identities of this namespace")
    .option("--json", "print JSON", false)
    .addHelpText("after", identitiesHelp)
    .action((_, own: Command) => identities(own.optsWithGlobals<IdentitiesOptions>(), deps));
}

async function identities(
  { in: namespace, json, wide, ...o }: IdentitiesOptions,
  deps: CommandDeps,
): Promise<void> {
  const now = deps.clock.now();
  const all = await auditSourceOf(o, deps).identities(now);
  const isWanted = (id: string) => namespace === undefined || namespaceOf(id) === namespace;
  const answer = { ...all, found: all.found.filter(({ entry }) => isWanted(entry.spiffeId)) };
  deps.screen.write(
    json ? toJson(identitiesJson(answer, now)) : renderIdentities(answer, now, lookOf(deps.screen, { wide })),
  );
}
