import { askCertificate } from "./ask-certificate.ts";
import { askWho, authorityNames } from "./ask-who.ts";
import type { AuditSource } from "./audit-source.ts";
import { type LedgerAccessDeps, withLedger } from "./ledger-access.ts";

/** Reads the ledgers in state directories on this machine. */
export function localAudit(directories: readonly string[], deps: LedgerAccessDeps): AuditSource {
  return {
    who: (question) => withLedger(directories, deps, (ledger) => askWho(ledger, question)),
    certificate: (wanted) => withLedger(directories, deps, (ledger) => askCertificate(ledger, wanted)),
    identities: (now) =>
      withLedger(directories, deps, async (ledger) => {
        const found = await ledger.identities(now);
        return { found, authorities: await authorityNames(ledger, found) };
      }),
    last: (count) => withLedger(directories, deps, (ledger) => ledger.tail().last(count)),
  };
}
