import type { Found } from "@kasbah/ledger";
import type { CertificateAnswer, Wanted } from "./ask-certificate.ts";
import type { WhoQuestion } from "./ask-who.ts";
import type { IdentitiesAnswer } from "./render/identities.ts";
import type { WhoAnswer } from "./render/who.ts";

/** Whoever answers what is on record: the ledgers on this machine, or the replicas of a CA in a cluster. */
export interface AuditSource {
  who(question: WhoQuestion): Promise<WhoAnswer>;
  certificate(wanted: Wanted): Promise<CertificateAnswer>;
  /** The names that hold a certificate at an instant. */
  identities(now: Date): Promise<IdentitiesAnswer>;
  /** The last entries, in the order of their time. */
  last(count: number): Promise<readonly Found[]>;
}
