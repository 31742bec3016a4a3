import { type AuthorityState, authorityOf, rootOf } from "../rotation/authority-state.ts";
import { canCreateUnder, hasValidAlternative, invalidKind } from "../rotation/invalid-signer.ts";

/** The situations in which no authority can sign. docs/recover.md lists them by these names. */
export type Situation =
  | "intermediate-invalid"
  | "plugged-in-invalid"
  | "adopted-invalid"
  | "root-invalid"
  | "root-not-yet-valid"
  | "successor-waits"
  | "successor-paused"
  | "successor-invalid";

/** What leads back to issuing in each situation, as the end of a message. */
const waysOut: Readonly<Record<Situation, string>> = {
  "intermediate-invalid": "the CA creates a new intermediate by itself within a minute",
  "plugged-in-invalid": "check the clock, or put a valid CA into the directory that --root-ca-dir names",
  "adopted-invalid":
    "check the clock, or run kasbah authority csr, have your PKI sign the CSR, and run kasbah authority adopt",
  "root-invalid":
    "check the clock, then run kasbah authority rotate --root; every client then needs the new trust bundle",
  "root-not-yet-valid":
    "if the clock is right, run kasbah clock accept, which replaces the root; every client then needs the new trust bundle",
  "successor-waits": "the rotation in progress switches to the next root by itself within a minute",
  "successor-paused": "run kasbah authority resume to let the rotation in progress switch to the next root",
  "successor-invalid": "run kasbah authority abort to return to the previous root",
};

/** Returns the situation of a CA whose signer or its chain is not valid; undefined if they are. */
export function situationOf(state: AuthorityState, now: Date): Situation | undefined {
  const kind = invalidKind(state, now);
  if (kind === undefined) return undefined;
  const root = rootOf(state, state.signerId);
  if (canCreateUnder(root, now)) return "intermediate-invalid";
  if (hasValidAlternative(state, now)) return alternativeOf(state);
  const isOurs = root.hasKey || root.origin === "self-signed";
  if (kind === "root" && isOurs)
    return root.certificate.notBefore > now ? "root-not-yet-valid" : "root-invalid";
  const { byRequest } = authorityOf(state, state.signerId);
  return byRequest === true ? "adopted-invalid" : "plugged-in-invalid";
}

function alternativeOf({ rotation, hold }: AuthorityState): Situation {
  if (rotation?.stage === "active") return "successor-invalid";
  return hold === "all" ? "successor-paused" : "successor-waits";
}

/** The fix for a CA whose signer is not valid, as the end of a message. */
export function wayOutOf(state: AuthorityState, now: Date): string {
  const situation = situationOf(state, now);
  return situation === undefined ? "retry" : `${waysOut[situation]} (docs/recover.md: ${situation})`;
}
