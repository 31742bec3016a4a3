import { type EntryLog, entryVersion } from "@kasbah/ledger";
import type { Clock } from "@kasbah/runtime";
import type { StoredAuthority } from "../authorities/rotation/stored-authority.ts";
import { appendEntry } from "./entries/append-entry.ts";

/**
 * Records that the CA destroys the key of an authority that retired some time ago. No operator requests it at that
 * moment, but earlier releases reject a kind of entry that they do not recognize.
 *
 * @throws CaError `LEDGER_UNAVAILABLE`, and then the key must stay
 */
export async function recordKeyDestruction(
  { id, certificate, stageSince }: Pick<StoredAuthority, "id" | "certificate" | "stageSince">,
  { log, clock }: { readonly log: Pick<EntryLog, "append">; readonly clock: Clock },
): Promise<void> {
  const facts = { authority: id, fingerprint: certificate.fingerprint, retiredAt: stageSince.toISOString() };
  const time = clock.now().toISOString();
  const head = { v: entryVersion, kind: "operator", time } as const;
  await appendEntry(log, { ...head, act: "destroy-key", arguments: facts, outcome: "accepted" });
}
