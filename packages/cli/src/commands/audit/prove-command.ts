import { type Found, type IssuedEntry, type LedgerReader, proveEntry } from "@kasbah/ledger";
import { Command } from "commander";
import { wantedBy } from "../../audit/ask-certificate.ts";
import { withLedger } from "../../audit/ledger-access.ts";
import { CliError } from "../../errors.ts";
import type { CommandDeps } from "../command-deps.ts";
import { type LedgerLocation, ledgerDirectoriesOf, withLedgerLocation } from "./location.ts";

const help = `
The proof is one JSON file on stdout: the entry, its path to the root of the Merkle tree, and the root as the ledger's key has
signed it. Whoever has the key, ledger-key.pub, needs nothing else of ours: docs/verify-proof.sh checks it by openssl and jq.

Exit code 0 with a proof, 1 when the certificate is not on record, or not signed for yet: that takes a second.

Examples
  $ kasbah audit prove leaf.pem > proof.json
  $ sh verify-proof.sh proof.json "$(cat ledger-key.pub)"`;

/** `kasbah audit prove`. */
export function auditProveCommand(deps: CommandDeps): Command {
  const command = new Command("prove")
    .description("a proof for outsiders that a certificate is on record")
    .argument("<certificate>", "serial, SHA-256 fingerprint, or file.pem");
  return withLedgerLocation(command)
    .addHelpText("after", help)
    .action((target: string, options: LedgerLocation) => prove(target, options, deps));
}

async function prove(target: string, options: LedgerLocation, deps: CommandDeps): Promise<void> {
  const proof = await withLedger(ledgerDirectoriesOf(options, deps), deps, async (ledger) => {
    const found = await find(ledger, target);
    const directory = found === undefined ? undefined : ledger.directoryOf(found.slot);
    if (found === undefined || directory === undefined)
      throw new CliError("TARGET_INVALID", `${target} is not on record: kasbah audit cert tells more`);
    return proveEntry(directory, found);
  });
  deps.screen.write(proof);
}

/** The newest, where several have the serial. */
async function find(ledger: LedgerReader, target: string): Promise<Found<IssuedEntry> | undefined> {
  const { serial = "", fingerprint } = await wantedBy(target);
  const found = await ledger.certificate(fingerprint === undefined ? { serial } : { fingerprint });
  return found[0];
}
