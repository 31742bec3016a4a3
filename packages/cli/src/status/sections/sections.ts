import type { AuthorityMessage, AuthorityStatusMessage, OverviewMessage } from "@kasbah/protocol";
import { checkAuthorities } from "../../authority/check.ts";
import type { StatusLevel } from "../finding.ts";
import type { StatusAuthority, StatusReplica, StatusReport } from "../report.ts";
import { expiryLimits } from "../rules/issuers.ts";
import type { ReplicaFacts, StatusFacts } from "../status-facts.ts";
import { identitiesOf, totalActivity } from "./activity.ts";
import { nextRotationOf } from "./next-rotation.ts";

type Sections = Omit<StatusReport, "source" | "level" | "findings" | "missing">;

/** The parts of the report that show values. */
export function reportSections({ source, replicas }: StatusFacts): Sections {
  const now = nowOf({ source, replicas });
  const authorities = newestAuthorities(replicas);
  const overviews = replicas.flatMap(({ overview }) => overview ?? []);
  const trustDomain = overviews[0]?.trustDomain || authorities?.trustDomain;
  const rotation = authorities === undefined ? undefined : nextRotationOf(authorities);
  const [activity, identities] = [totalActivity(overviews), identitiesOf(overviews)];
  return {
    now,
    ...(trustDomain ? { trustDomain } : {}),
    authorities: authorities === undefined ? [] : listedOf(authorities, now),
    ...(rotation === undefined ? {} : { nextRotation: rotation }),
    ...(activity === undefined ? {} : { activity }),
    ...(identities === undefined ? {} : { identities }),
    replicas: replicas.map(replicaOf),
  };
}

/** The time of the CA that answered last; without one, that of this machine. */
export function nowOf({ source, replicas }: StatusFacts): Date {
  const times = replicas.flatMap(({ overview }) => overview?.now ?? []);
  return times.reduce((latest, one) => (one > latest ? one : latest), times[0] ?? source.readAt);
}

/** The replicas share their state, and one may lag behind. */
function newestAuthorities(replicas: readonly ReplicaFacts[]): AuthorityStatusMessage | undefined {
  const all = replicas.flatMap(({ authorities }) => authorities ?? []);
  return all.reduce(
    (newest, one) => (one.epoch > newest.epoch ? one : newest),
    all[0] as AuthorityStatusMessage,
  );
}

const levels: Readonly<Record<string, StatusLevel>> = { OK: "ok", WARNING: "warning", CRITICAL: "critical" };

function listedOf(status: AuthorityStatusMessage, now: Date): readonly StatusAuthority[] {
  const checked = status.authorities.some(({ signs }) => signs)
    ? checkAuthorities(status, expiryLimits, now).authorities
    : [];
  const levelOf = ({ id }: AuthorityMessage) =>
    levels[checked.find((one) => one.id === id)?.level ?? "OK"] ?? "ok";
  return status.authorities
    .filter(({ stage }) => stage !== "retired")
    .map((one) => {
      const { id, kind, stage, signs, notAfter, rotatesAt } = one;
      const rotates = rotatesAt === undefined ? {} : { rotatesAt };
      return { id, kind, stage, signs, level: levelOf(one), notAfter, ...rotates };
    });
}

function replicaOf({ isPodReady, ...one }: ReplicaFacts): StatusReplica {
  const { replica, overview, failure, stopped, authorities } = one;
  const name = replica || overview?.replica || "";
  const failed = failure === undefined ? {} : { failure };
  if (overview === undefined) {
    const isAway = stopped === undefined && failure !== undefined;
    const role = stopped !== undefined ? "stopped" : isAway ? "unreachable" : "unknown";
    const podReady = isPodReady === undefined ? {} : { ready: isPodReady };
    const ready = role === "unknown" ? podReady : { ready: false };
    return { name, role, ...failed, ...ready, reasons: [], warnings: authorities?.warnings ?? [] };
  }
  const { role, ready, reasons, warnings, version, startedAt, ledger, port } = overview;
  return {
    ...{ name, role, ...failed, ready, reasons, warnings, version },
    ...(startedAt === undefined ? {} : { startedAt }),
    ...{ clock: clockOf(overview), ledger, port },
  };
}

function clockOf({ clock, now }: OverviewMessage) {
  const { state, reason, wallTime } = clock;
  return { state, reason, aheadMs: wallTime.getTime() - now.getTime() };
}
