/** The part of a workload's identity that an observation is about. */
export type DoctorArea = "token" | "root" | "ca" | "clock" | "socket" | "envoy" | "files";

/** A problem, its cause and its fix. */
export interface DoctorFinding {
  readonly level: "warning" | "critical";
  readonly area: DoctorArea;
  /** Stable. A code of the CA or of the agent if the problem has one. */
  readonly code: string;
  readonly what: string;
  /** An imperative. */
  readonly fix: string;
  /** The page of the documentation that explains more. */
  readonly page?: string;
}

/** Something that a check found in order, or could not examine. */
export interface DoctorCheck {
  readonly area: DoctorArea;
  readonly state: "ok" | "skipped";
  readonly what: string;
}

export type Observation = DoctorFinding | DoctorCheck;

export function isFinding(one: Observation): one is DoctorFinding {
  return "code" in one;
}

function isCheck(one: Observation): one is DoctorCheck {
  return !isFinding(one);
}

export function isCritical(one: Observation): one is DoctorFinding {
  return isFinding(one) && one.level === "critical";
}

export interface DoctorReport {
  readonly version: string;
  readonly checkedAt: string;
  readonly level: "ok" | "warning" | "critical";
  /** The worst first. */
  readonly findings: readonly DoctorFinding[];
  readonly checks: readonly DoctorCheck[];
  readonly facts: DoctorFacts;
}

/** What a reader with more knowledge, such as `kasbah doctor`, compares. No token, key or PEM. */
interface DoctorFacts {
  readonly spiffeId: string | undefined;
  readonly token: ShownClaims | undefined;
  /** The roots that the agent trusts after a restart. */
  readonly roots: readonly RootFacts[];
  readonly servedSerial: string | undefined;
}

/** The claims of a token that are not secret. */
export interface ShownClaims {
  readonly issuer: string | undefined;
  readonly audiences: readonly string[];
  readonly subject: string | undefined;
  readonly issuedAt: string | undefined;
  readonly expiresAt: string | undefined;
}

interface RootFacts {
  readonly fingerprint: string;
  readonly notAfter: string;
}

type Problem = Omit<DoctorFinding, "level">;

export function critical(area: DoctorArea, code: string, problem: Omit<Problem, "area" | "code">) {
  return { level: "critical", area, code, ...problem } as const satisfies DoctorFinding;
}

export function warning(area: DoctorArea, code: string, problem: Omit<Problem, "area" | "code">) {
  return { level: "warning", area, code, ...problem } as const satisfies DoctorFinding;
}

export function passed(area: DoctorArea, what: string): DoctorCheck {
  return { area, state: "ok", what };
}

export function skipped(area: DoctorArea, what: string): DoctorCheck {
  return { area, state: "skipped", what };
}

export interface ReportInput {
  readonly version: string;
  readonly now: Date;
  readonly observations: readonly Observation[];
  readonly facts: DoctorFacts;
}

/**
 * Two checks may find the same problem: the first one has the details. A wrong clock comes first, because it makes valid
 * tokens and certificates look expired.
 */
export function createReport({ version, now, observations, facts }: ReportInput): DoctorReport {
  const all = observations.filter(isFinding);
  const first = all.filter(
    (one, at) => all.findIndex(({ area, code }) => area === one.area && code === one.code) === at,
  );
  const findings = first.toSorted((one, other) => rankOf(one) - rankOf(other));
  return {
    version,
    checkedAt: now.toISOString(),
    level: findings[0]?.level ?? "ok",
    findings,
    checks: observations.filter(isCheck),
    facts,
  };
}

function rankOf({ level, area }: DoctorFinding): number {
  return (level === "critical" ? 0 : 2) + (area === "clock" ? 0 : 1);
}
