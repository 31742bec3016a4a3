import type { CommandDeps } from "../commands/command-deps.ts";
import { askCertificate } from "./ask-certificate.ts";
import { askWho, authorityNames } from "./ask-who.ts";
import type { AuditSource } from "./audit-source.ts";
import { type LedgerLocation, withLedger } from "./ledger-access.ts";

/** Reads the ledgers in state directories of this machine. */
export function localAudit(location: LedgerLocation, deps: CommandDeps): AuditSource {
  return {
    who: (question) => withLedger(location, deps, (ledger) => askWho(ledger, question)),
    certificate: (wanted) => withLedger(location, deps, (ledger) => askCertificate(ledger, wanted)),
    identities: (now) =>
      withLedger(location, deps, async (ledger) => {
        const found = await ledger.identities(now);
        return { found, authorities: await authorityNames(ledger, found) };
      }),
    last: (count) => withLedger(location, deps, (ledger) => ledger.tail().last(count)),
  };
}
