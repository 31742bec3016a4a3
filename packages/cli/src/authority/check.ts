import type { AuthorityMessage, AuthorityStatusMessage } from "@kasbah/protocol";
import { printableText } from "@kasbah/runtime";
import { CliError } from "../errors.ts";
import { timeAndDistance } from "../output/relative-time.ts";
import { type Look, plainLook } from "../output/terminal/look.ts";
import { paint } from "../output/terminal/paint.ts";
import type { Replicated } from "./replicated.ts";

type CheckLevel = "OK" | "WARNING" | "CRITICAL";

interface CheckedAuthority {
  readonly id: string;
  readonly level: CheckLevel;
  readonly notAfter: Date;
  /** Why its expiry does not matter. */
  readonly note?: string;
  /** The page that explains how to fix it; present unless the level is OK. */
  readonly runbook?: string;
}

export interface CheckReport {
  /** The worst level of the authorities, or `UNREACHABLE` if no CA answers. */
  readonly level: CheckLevel | "UNREACHABLE";
  readonly authorities: readonly CheckedAuthority[];
  /** Other problems for the operator to look at; they do not affect the level. */
  readonly warnings: readonly string[];
}

export interface CheckLimits {
  readonly warnMs: number;
  readonly criticalMs: number;
}

/** The same limits for every authority, or those of each. */
type LimitsOf = CheckLimits | ((authority: AuthorityMessage) => CheckLimits);

/**
 * The worst result of all replicas: a replica that lags behind may sign with an authority that expires soon.
 *
 * @throws CliError as {@link checkAuthorities} does, for any replica
 */
export function checkReplicas(
  { otherwise = [], ...status }: Replicated<AuthorityStatusMessage>,
  limits: CheckLimits,
  now: Date,
): CheckReport {
  const worst = [status, ...otherwise]
    .map((each) => checkAuthorities(each, limits, now))
    .reduce((one, other) => (levels.indexOf(other.level) > levels.indexOf(one.level) ? other : one));
  const differing = otherwise.map(
    ({ replica }) => `${replica} reports a different state: compare the replicas with kasbah authority list`,
  );
  return { ...worst, warnings: [...new Set([...status.warnings, ...worst.warnings, ...differing])] };
}

export const checkExitCodes = { OK: 0, UNREACHABLE: 1, WARNING: 3, CRITICAL: 4 } as const;

const runbooks = {
  root: "docs/runbooks/root-expiring-soon.md",
  issuer: "docs/runbooks/issuer-expiring-soon.md",
  warnings: "docs/runbooks/warnings.md",
  down: "docs/runbooks/down.md",
} as const;

const levels: readonly CheckReport["level"][] = ["OK", "WARNING", "CRITICAL"];

/** The report if no CA answers: a CA that does not run issues nothing, even if its authorities are valid. */
export function unreachable(report: CheckReport): CheckReport {
  return { ...report, level: "UNREACHABLE" };
}

/**
 * Checks how soon authorities expire that sign or are about to sign. Retiring and standby authorities are
 * expected to expire, because another authority already signs.
 *
 * @throws CliError `ADMIN_FAILED` if no authority signs
 */
export function checkAuthorities(
  { authorities, warnings }: AuthorityStatusMessage,
  limits: LimitsOf,
  now: Date,
): CheckReport {
  if (!authorities.some(({ signs }) => signs)) throw new CliError("ADMIN_FAILED", "no authority is signing");
  const limitsOf = typeof limits === "function" ? limits : () => limits;
  const checked = authorities.filter(isKnown).map((one) => checkOne(one, limitsOf(one), now));
  const worst = Math.max(...checked.map(({ level }) => levels.indexOf(level)));
  return { level: levels[worst] ?? "CRITICAL", authorities: checked, warnings };
}

function isKnown({ trusted, stage }: AuthorityMessage): boolean {
  return trusted || stage === "prepared";
}

function checkOne(authority: AuthorityMessage, limits: CheckLimits, now: Date): CheckedAuthority {
  const { id, kind, notAfter, signs, stage } = authority;
  const isNext = stage === "prepared" || stage === "distributed";
  if (!signs && !isNext) {
    const note =
      stage === "retiring" ? "retiring: another authority signs" : "standby: another authority signs";
    return { id, level: "OK", notAfter, note };
  }
  const leftMs = notAfter.getTime() - now.getTime();
  const level = leftMs <= limits.criticalMs ? "CRITICAL" : leftMs <= limits.warnMs ? "WARNING" : "OK";
  if (level === "OK") return { id, level, notAfter };
  return { id, level, notAfter, runbook: runbooks[kind === "root" ? "root" : "issuer"] };
}

const tones = { OK: "good", WARNING: "warning", CRITICAL: "critical", UNREACHABLE: "critical" } as const;

/** One line for each authority and warning, the runbooks of those that need attention, and the level last. */
export function renderCheck(
  { level, authorities, warnings }: CheckReport,
  now: Date,
  look: Look = plainLook,
): string {
  const width = Math.max(...authorities.map(({ id }) => id.length));
  const lines = authorities.map(({ id, level: own, notAfter, note }) => {
    const ends = now < notAfter ? "expires" : "expired";
    const why = note === undefined ? "" : `, ${note}`;
    const text = `${id.padEnd(width)}  ${ends} ${timeAndDistance(notAfter, now)}${why}`;
    return `${paint(own.padEnd(8), tones[own], look)}  ${printableText(text)}`;
  });
  const pages = [
    ...authorities.flatMap(({ runbook }) => runbook ?? []),
    ...(level === "UNREACHABLE" ? [runbooks.down] : warnings.map(() => runbooks.warnings)),
  ];
  const fixes = [...new Set(pages)].map((page) => `see ${page}`);
  const notes = warnings.map((warning) => paint(`! ${printableText(warning)}`, "warning", look));
  return [...lines, ...notes, ...fixes, paint(level, tones[level], look)].map((line) => `${line}\n`).join("");
}
