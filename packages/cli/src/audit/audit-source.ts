import type { Found } from "@kasbah/ledger";
import type { CertificateAnswer, Wanted } from "./ask-certificate.ts";
import type { WhoQuestion } from "./ask-who.ts";
import type { IdentitiesAnswer } from "./render/identities.ts";
import type { WhoAnswer } from "./render/who.ts";

/** Answers questions about the ledger: on this machine, or in the replicas of a CA in a cluster. */
export interface AuditSource {
  who(question: WhoQuestion): Promise<WhoAnswer>;
  certificate(wanted: Wanted): Promise<CertificateAnswer>;
  /** The identities that have a valid certificate at an instant. */
  identities(now: Date): Promise<IdentitiesAnswer>;
  /** The last entries, ordered by time. */
  last(count: number): Promise<readonly Found[]>;
}
