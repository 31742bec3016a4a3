import type { FailureFacts } from "../agent-view.ts";
import { critical, type DoctorArea, type DoctorFinding } from "../report.ts";
import { describeAudiences, type TokenClaims } from "../token/token-claims.ts";

interface Advice {
  readonly area: DoctorArea;
  /** The facts of this machine that belong to the refusal. */
  readonly facts?: (claims: TokenClaims | undefined) => string;
  readonly fix: string;
}

const issuerFacts = (claims: TokenClaims | undefined) =>
  `the token's issuer is ${claims?.issuer ?? "unknown"}`;
const foreignToken =
  "mount a token of the CA's own cluster, correct --ca-address if this is the wrong CA, or let the CA accept this issuer: --token-issuers";

/** For refusals whose cause is on this side. The CA's own fix is for people who know the CA. */
const advices: Readonly<Record<string, Advice>> = {
  TOKEN_AUDIENCE: {
    area: "token",
    facts: (claims) =>
      `the token has ${claims === undefined ? "another audience" : describeAudiences(claims)}`,
    fix: "project a token for the CA's audience: in the volume of the pod, serviceAccountToken.audience must be the CA's --token-audience (istio-ca by default)",
  },
  TOKEN_ISSUER: { area: "token", facts: issuerFacts, fix: foreignToken },
  TOKEN_REJECTED: { area: "token", facts: issuerFacts, fix: foreignToken },
  OUTSIDE_ISSUER_SCOPE: { area: "token", facts: issuerFacts, fix: foreignToken },
  TOKEN_EXPIRED: {
    area: "token",
    facts: (claims) => `the token expires at ${claims?.expiresAt?.toISOString() ?? "an unknown time"}`,
    fix: "find out why the kubelet does not replace the token, or put a new one into the file; compare the clocks",
  },
};

/** Of a failed attempt to obtain a certificate. `claims` are those of the token that the agent would send now. */
export function explainFailure(failure: FailureFacts, claims: TokenClaims | undefined): DoctorFinding {
  const { code, caCode, message, reference, replyFault } = failure;
  if (caCode !== undefined) return explainRefusal({ ...failure, caCode }, claims);
  if (replyFault === "not_yet_valid") return explainReply("CLOCK_BEHIND", message);
  if (replyFault === "expired") return explainReply("CLOCK_AHEAD", message);
  const fix = `${failure.fix ?? fixOf(code)}${reference === undefined ? "" : `; at the CA: kasbah why ${reference}`}`;
  return critical(areaOf(code), code, { what: message, fix, page: "docs/reference/errors.md" });
}

function explainRefusal(
  { caCode, message, reference, fix }: FailureFacts & { readonly caCode: string },
  claims: TokenClaims | undefined,
): DoctorFinding {
  const advice = advices[caCode];
  const facts = advice?.facts === undefined ? "" : `; ${advice.facts(claims)}`;
  const own = advice?.fix ?? fix ?? "ask the CA's operator";
  const why = reference === undefined ? "" : `; at the CA: kasbah why ${reference}`;
  return critical(advice?.area ?? "ca", caCode, {
    what: `${message}${facts}`,
    fix: `${own}${why}`,
    page: "docs/refusals.md",
  });
}

function explainReply(code: "CLOCK_BEHIND" | "CLOCK_AHEAD", message: string): DoctorFinding {
  const fix =
    "set the local clock, and check its time service (timedatectl, chronyc tracking); if the CA's clock is the wrong one, see docs/clock.md";
  return critical("clock", code, { what: message, fix, page: "docs/clock.md" });
}

const fixes: Readonly<Record<string, string>> = {
  CA_UNAVAILABLE: "look at the CA: kasbah status, or its log",
  CA_REFUSED: "ask the CA's operator: kasbah refusals",
  CA_REPLY_INVALID: "ask the CA's operator: its answer does not fit the request or the trusted roots",
  CONFIG_INVALID: "correct the flags, or mount the right token",
};

function fixOf(code: string): string {
  return fixes[code] ?? "see the code in docs/reference/errors.md";
}

function areaOf(code: string): DoctorArea {
  if (code.startsWith("TOKEN_") || code === "CONFIG_INVALID") return "token";
  return code === "ROOTS_UNREADABLE" ? "root" : "ca";
}
