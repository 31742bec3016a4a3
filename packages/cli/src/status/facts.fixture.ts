import type { AuthorityMessage, AuthorityStatusMessage, OverviewMessage } from "@kasbah/protocol";
import { assess } from "./assess.ts";
import type { StatusFinding } from "./finding.ts";
import type { ReplicaFacts, StatusFacts } from "./status-facts.ts";

export const now = new Date("2030-01-01T00:00:00Z");
export const minutes = (count: number) => new Date(now.getTime() + count * 60_000);
export const days = (count: number) => minutes(count * 24 * 60);

const none = new Array<number>(60).fill(0);

/** One event in the last minute for each number, the newest last. */
export function lately(...counts: readonly number[]): readonly number[] {
  return [...none, ...counts].slice(-60);
}

/** A CA that is well. */
export const well: OverviewMessage = {
  ...{ version: "1.2.3", replica: "", trustDomain: "cluster.local", role: "single" },
  ...{ now, startedAt: days(-3), ready: true, reasons: [], warnings: [] },
  activity: { bucketMs: 60_000, endsAt: minutes(1), issued: lately(4), refused: [], handshakes: [] },
  ledger: {
    ...{ writable: true, failure: "", entries: 1_204, signed: 1_204, loss: "" },
    ...{ bytes: 1_258_291, limitBytes: 1 << 30, diskFree: 18 * 2 ** 30, diskSize: 20 * 2 ** 30 },
  },
  port: { connections: 12, maxConnections: 10_000, inFlight: 0, waiting: 0, workers: 1 },
  identities: { live: 42, late: 0, soonest: [], partial: false },
  clock: { state: "trusted", reason: "", wallTime: now },
};

export function authority(changes: Partial<AuthorityMessage> = {}): AuthorityMessage {
  return {
    ...{ id: "root-1", kind: "root", origin: "self-signed", stage: "active", signs: true, trusted: true },
    ...{ fingerprint: "0123456789abcdef0123", serial: "01", keyType: "P-256", stageSince: days(-9) },
    ...{ notBefore: days(-11), notAfter: days(3_000), rotatesAt: days(2_000) },
    ...changes,
  };
}

export const intermediate = authority({
  ...{ id: "intermediate-1", kind: "intermediate", fingerprint: "fedcba" },
  ...{ notAfter: days(300), rotatesAt: days(200) },
});

export const sound: AuthorityStatusMessage = {
  ...{ trustDomain: "cluster.local", epoch: 4, automatic: true, paused: false, warnings: [] },
  authorities: [authority(), intermediate],
};

export function replica(changes: Partial<ReplicaFacts> = {}): ReplicaFacts {
  return { replica: "", overview: well, authorities: sound, missing: [], ...changes };
}

/** The facts about a running CA on this machine. */
export function machine(changes: Partial<ReplicaFacts> = {}): StatusFacts {
  const source = { place: "state directory /var/lib/kasbah", flags: "", kubectl: "", readAt: now };
  return {
    source: { kind: "running", stateDirectory: "/var/lib/kasbah", ...source },
    replicas: [replica(changes)],
  };
}

export function stopped(changes: Partial<ReplicaFacts> = {}): StatusFacts {
  const { source } = machine();
  const overview: OverviewMessage = {
    ...well,
    role: "stopped",
    ready: false,
    reasons: ["the CA is stopped"],
  };
  const one = { overview, failure: "no CA answers at its admin socket", stopped: { obstacles: [] } };
  return { source: { ...source, kind: "stopped" }, replicas: [replica({ ...one, ...changes })] };
}

/** Replicas named kasbah-0, kasbah-1 … */
export function cluster(...replicas: readonly Partial<ReplicaFacts>[]): StatusFacts {
  const flags = "--namespace mesh";
  return {
    source: { kind: "cluster", place: "namespace mesh", flags, kubectl: flags, readAt: now },
    replicas: replicas.map((one, at) => replica({ replica: `kasbah-${at}`, ...one })),
  };
}

const meanings: Readonly<Record<string, { readonly cause: string; readonly fix: string }>> = {
  IDENTITY_NOT_ALLOWED: { cause: "the rule denies it", fix: "the operator: change the policy; see why" },
  TOKEN_AUDIENCE: { cause: "the token is for another audience", fix: "the pod: project a token" },
};

export const judge = (facts: StatusFacts) => assess(facts, (code) => meanings[code]);

/** Level and code of each finding, the worst first. */
export function codesOf(facts: StatusFacts): readonly string[] {
  return judge(facts).findings.map(({ level, code }) => `${level} ${code}`);
}

export function findingOf(facts: StatusFacts, code: string): StatusFinding {
  const found = judge(facts).findings.find((one) => one.code === code);
  if (found === undefined) throw new Error(`no finding ${code} among ${codesOf(facts).join(", ")}`);
  return found;
}
