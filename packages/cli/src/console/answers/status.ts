import type {
  ConsoleActivity,
  ConsoleIdentityTotals,
  ConsoleNextRotation,
  ConsoleReplica,
  ConsoleSource,
  ConsoleStage,
  ConsoleStatus,
} from "@kasbah/console";
import type {
  NextRotation,
  StatusActivity,
  StatusIdentities,
  StatusReplica,
  StatusReport,
  StatusSource,
} from "../../status/report.ts";

const stages = [
  "prepared",
  "distributed",
  "active",
  "retiring",
  "retired",
] as const satisfies readonly ConsoleStage[];

export function describeSource({ kind, place, flags, readAt }: StatusSource): ConsoleSource {
  return { kind, place, flags, readAt: readAt.toISOString() };
}

/** The report of `kasbah status`, with its times as text. */
export function describeStatus(report: StatusReport): ConsoleStatus {
  const { source, level, findings, trustDomain, now, activity, identities, nextRotation, replicas } = report;
  return {
    source: describeSource(source),
    level,
    findings,
    trustDomain,
    now: now.toISOString(),
    activity: activity && activityOf(activity),
    identities: identities && identitiesOf(identities),
    nextRotation: nextRotation && nextRotationOf(nextRotation),
    replicas: replicas.map(replicaOf),
  };
}

function nextRotationOf({ stage, at, ...rest }: NextRotation): ConsoleNextRotation {
  return { ...rest, stage: stageOf(stage), at: at?.toISOString() };
}

function stageOf(text: string | undefined): ConsoleStage | undefined {
  return stages.find((stage) => stage === text);
}

function activityOf({ bucketMs, endsAt, issued, refused }: StatusActivity): ConsoleActivity {
  return { bucketMs, endsAt: endsAt.toISOString(), issued, refused };
}

function identitiesOf({ live, late, soonest, partial }: StatusIdentities): ConsoleIdentityTotals {
  const listed = soonest.map(({ spiffeId, serial, notBefore, notAfter }) => ({
    spiffeId,
    serial,
    notBefore: notBefore.toISOString(),
    notAfter: notAfter.toISOString(),
  }));
  return { live, late, soonest: listed, partial };
}

function replicaOf(one: StatusReplica): ConsoleReplica {
  const { name, role, failure, ready, reasons, warnings, version, startedAt, clock, ledger, port } = one;
  return {
    name,
    role,
    failure,
    ready,
    reasons,
    warnings,
    version,
    startedAt: startedAt?.toISOString(),
    clock: clock && { ...clock, reason: clock.reason || undefined },
    ledger: ledger && {
      ...ledger,
      failure: ledger.failure || undefined,
      loss: ledger.loss || undefined,
      limitBytes: ledger.limitBytes || undefined,
    },
    port,
  };
}
