import type { Found, IssuedEntry, LedgerReader } from "@kasbah/ledger";
import { Command } from "commander";
import { readCertificateTarget } from "../../audit/ask-certificate.ts";
import { withLedger } from "../../audit/ledger-access.ts";
import { CliError } from "../../errors.ts";
import type { CommandDeps } from "../command-deps.ts";
import { type LedgerLocation, ledgerDirectoriesOf, withLedgerLocation } from "./location.ts";

const help = `
Prints the proof as one JSON document: the entry, its path to the root of the Merkle tree, and the root signed with the
ledger's key. To verify it, a third party needs only the public key, ledger-key.pub: docs/verify-proof.sh does so with
openssl and jq.

Exit codes
  0  the proof was printed
  1  the ledger does not contain the certificate, or its checkpoint is not signed yet (this takes a second)

Examples
  $ kasbah audit prove leaf.pem > proof.json
  $ sh verify-proof.sh proof.json "$(cat ledger-key.pub)"`;

/** `kasbah audit prove`. */
export function auditProveCommand(deps: CommandDeps): Command {
  const command = new Command("prove")
    .description("print a proof that the ledger contains a certificate")
    .argument("<certificate>", "serial, SHA-256 fingerprint, or file.pem");
  return withLedgerLocation(command)
    .addHelpText("after", help)
    .action((target: string, options: LedgerLocation) => prove(target, options, deps));
}

async function prove(target: string, options: LedgerLocation, deps: CommandDeps): Promise<void> {
  const proof = await withLedger(ledgerDirectoriesOf(options, deps), deps, async (ledger) => {
    const found = await find(ledger, target);
    if (found === undefined)
      throw new CliError(
        "TARGET_INVALID",
        `${target} is not in the ledger: see kasbah audit cert for details`,
      );
    return ledger.prove(found);
  });
  deps.screen.write(proof);
}

/** The newest certificate, if several have the serial. */
async function find(ledger: LedgerReader, target: string): Promise<Found<IssuedEntry> | undefined> {
  const { serial = "", fingerprint } = await readCertificateTarget(target);
  const found = await ledger.certificate(fingerprint === undefined ? { serial } : { fingerprint });
  return found[0];
}
