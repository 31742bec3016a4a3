import type { AuthorityMessage } from "@kasbah/protocol";
import { type CheckLimits, checkAuthorities } from "../../authority/check.ts";
import { timeAndDistance } from "../../output/relative-time.ts";
import type { StatusFinding } from "../finding.ts";
import type { ReplicaFacts } from "../status-facts.ts";
import { commandAt, commandFor, type RuleContext } from "./rule.ts";

const dayMs = 86_400_000;

/** The CA's own authorities begin this long before they are created. */
const backdatedMs = 2 * dayMs;

/** As `kasbah check` by default; of an authority with a short lifetime, a fourth and an eighth of it. */
export function expiryLimits({ notBefore, notAfter, origin }: AuthorityMessage): CheckLimits {
  const validityMs = notAfter.getTime() - notBefore.getTime();
  const lifetimeMs = origin === "self-signed" ? Math.max(0, validityMs - backdatedMs) : validityMs;
  return {
    warnMs: Math.min(30 * dayMs, lifetimeMs / 4),
    criticalMs: Math.min(7 * dayMs, lifetimeMs / 8),
  };
}

/** Authorities that sign, or are about to, and that are not valid now or expire soon. */
export function judgeIssuers(one: ReplicaFacts, context: RuleContext): readonly StatusFinding[] {
  const status = one.authorities;
  if (status === undefined) return [];
  if (!status.authorities.some(({ signs }) => signs)) return [noSigner(context)];
  const invalid = status.authorities.filter(({ signs }) => signs).flatMap(invalidOf(one, context));
  const { authorities } = checkAuthorities(status, expiryLimits, context.now);
  const soon = authorities
    .filter(({ level }) => level !== "OK")
    .flatMap(({ id, level }) => {
      const authority = status.authorities.find((each) => each.id === id);
      if (authority === undefined || authority.notAfter <= context.now) return [];
      return [expiresSoon(authority, level === "CRITICAL" ? "critical" : "warning", context)];
    });
  return [...withoutConsequences(invalid), ...soon];
}

/** No certificate under an invalid root is valid, so only the root needs a fix. */
function withoutConsequences(invalid: readonly StatusFinding[]): readonly StatusFinding[] {
  const root = invalid.find(({ code }) => code.startsWith("ROOT_"));
  return root === undefined ? invalid : [root];
}

function noSigner(context: RuleContext): StatusFinding {
  return {
    ...{ level: "critical", area: "issuer", code: "NO_SIGNER" },
    what: "no authority signs certificates",
    fix: `${commandFor(context, "authority list --all")} shows what is left`,
    page: "docs/recover.md",
  };
}

function invalidOf(one: ReplicaFacts, context: RuleContext) {
  const { now } = context;
  return (authority: AuthorityMessage): readonly StatusFinding[] => {
    const { id, kind, notBefore, notAfter } = authority;
    const common = { level: "critical", area: "issuer" } as const;
    const subject = kind === "root" ? "ROOT" : "INTERMEDIATE";
    if (now >= notAfter) {
      const what = `the ${kind} ${id} expired at ${timeAndDistance(notAfter, now)}: the CA issues no certificates`;
      return [{ ...common, code: `${subject}_EXPIRED`, what, ...renewal(authority, one, context) }];
    }
    if (now >= notBefore) return [];
    const what = `the ${kind} ${id} is valid only from ${timeAndDistance(notBefore, now)}: the clock was ahead when it was created, or is behind now`;
    const fix = `set the clock of the CA's machine; if it is right, ${commandAt(one, context, "clock accept")} replaces ${id}`;
    const page = "docs/runbooks/wrong-clock.md";
    return [{ ...common, code: `${subject}_NOT_YET_VALID`, what, fix, page }];
  };
}

/** What leads back to issuing, in the situations of docs/recover.md. */
function renewal(
  { kind, origin }: AuthorityMessage,
  { authorities: status, overview }: ReplicaFacts,
  context: RuleContext,
): Pick<StatusFinding, "fix" | "page"> {
  const { rotation, paused } = status ?? {};
  const page = "docs/recover.md";
  const isAway = context.facts.source.kind === "stopped";
  const start = isAway ? "start the CA: it" : "the CA";
  if (rotation?.kind === "root" && rotation.stage === "distributed")
    return paused
      ? { fix: commandFor(context, "authority resume"), page }
      : { fix: `${start} switches to ${rotation.to} by itself within a minute`, page };
  if (rotation?.kind === "root" && rotation.stage === "active")
    return { fix: commandFor(context, "authority abort"), page };
  if (overview?.reasons.some((reason) => reason.endsWith("(docs/recover.md: adopted-invalid)"))) {
    const csr = commandFor(context, "authority csr");
    return {
      fix: `${csr}, have your PKI sign it, then ${commandFor(context, "authority adopt CHAIN")}`,
      page,
    };
  }
  if (origin === "plugged-in")
    return { fix: "put a valid CA into the directory that --root-ca-dir names", page };
  if (kind === "intermediate")
    return { fix: `${start} creates a new intermediate by itself within a minute`, page };
  const rotate = commandFor(context, "authority rotate --root");
  return {
    fix: `if the clock is right, ${rotate}; every client then needs the new trust bundle`,
    page: "docs/runbooks/expired-root.md",
  };
}

function expiresSoon(
  { id, kind, origin, notAfter }: AuthorityMessage,
  level: "warning" | "critical",
  context: RuleContext,
): StatusFinding {
  const isRoot = kind === "root";
  const rotate = commandFor(context, `authority rotate${isRoot ? " --root" : ""}`);
  return {
    ...{ level, area: "issuer", code: isRoot ? "ROOT_EXPIRES_SOON" : "INTERMEDIATE_EXPIRES_SOON" },
    what: `the ${kind} ${id} expires at ${timeAndDistance(notAfter, context.now)}`,
    fix: origin === "plugged-in" ? "put its successor into the directory that --root-ca-dir names" : rotate,
    page: `docs/runbooks/${isRoot ? "root" : "issuer"}-expiring-soon.md`,
  };
}
