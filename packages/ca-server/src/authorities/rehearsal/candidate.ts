import type { Certificate, ClientWarning, TrustBundle } from "@kasbah/pki";
import type { SigningPair } from "../keys/authority-files.ts";

/** A trust bundle and who holds it, for messages: "clients that have the new root file". */
export interface HeldBundle {
  readonly holders: string;
  readonly bundle: TrustBundle;
}

/** An authority before its first use, with the bundles of every client that will meet its certificates. */
export interface Candidate {
  readonly signer: SigningPair;
  /** The signer's own issuer first, without the root. */
  readonly intermediates: readonly Certificate[];
  readonly root: Certificate;
  readonly held: readonly HeldBundle[];
  /** Names a certificate for an operator: "ca-cert.pem (O=example, CN=mesh)". */
  readonly describe: (certificate: Certificate) => string;
  /** Whether the CA created it, so that its flags decide which clients may reject it. */
  readonly isOurs?: boolean;
}

/** Tries an authority before its first use. Returns what only some clients reject. @throws StateError `REHEARSAL_FAILED` */
export type Rehearse = (candidate: Candidate) => Promise<readonly ClientWarning[]>;
