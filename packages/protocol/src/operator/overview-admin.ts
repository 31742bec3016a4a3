import { kasbah } from "../../generated/messages.js";
import type { Codec, Method } from "../codec.ts";
import { activityOf, countedFields } from "./activity.ts";
import { dateOf, oneOf } from "./fields.ts";
import type { ActivityMessage, IdentityTotalsMessage, OverviewMessage } from "./overview.ts";

const wire = kasbah.v1;

const roles = ["single", "leader", "follower"] as const;
const clockStates = ["trusted", "suspect", "unknown"] as const;

const overview: Codec<OverviewMessage> = {
  encode: ({ now, startedAt, reasons, warnings, activity, identities, clock, ...rest }) =>
    wire.Overview.encode({
      ...rest,
      ...{ now: now.getTime(), startedAt: startedAt?.getTime() ?? null },
      ...{ reasons: [...reasons], warnings: [...warnings], activity: activityFields(activity) },
      identities: identityFields(identities),
      clock: { ...clock, wallTime: clock.wallTime.getTime() },
    }).finish(),
  decode: (bytes) => {
    const read = wire.Overview.decode(bytes);
    return {
      ...{ version: read.version, replica: read.replica, trustDomain: read.trustDomain },
      ...{ now: dateOf(read.now), startedAt: dateOf(read.startedAt) },
      ...{ ready: read.ready, reasons: read.reasons, warnings: read.warnings },
      role: oneOf(roles, read.role),
      activity: activityOf(read.activity),
      ledger: ledgerOf(new wire.LedgerState(read.ledger ?? {})),
      port: portOf(new wire.PortState(read.port ?? {})),
      identities: identitiesOf(new wire.IdentityTotals(read.identities ?? {})),
      clock: clockOf(new wire.ClockState(read.clock ?? {})),
    };
  },
};

export interface OverviewRequest {
  /** Whether the answer must allow to merge the identities of several replicas. */
  readonly forMerging: boolean;
}

/** Reads how one CA process is and what it did. Fails with UNIMPLEMENTED in a CA of an earlier release. */
export const getOverview: Method<OverviewRequest, OverviewMessage> = {
  path: "/kasbah.v1.OverviewAdmin/GetOverview",
  request: {
    encode: ({ forMerging }) => wire.GetOverviewRequest.encode({ forMerging }).finish(),
    decode: (bytes) => ({ forMerging: wire.GetOverviewRequest.decode(bytes).forMerging }),
  },
  response: overview,
};

function activityFields({ bucketMs, endsAt, issued, refused, handshakes }: ActivityMessage) {
  return {
    ...{ bucketMs, endsAt: endsAt.getTime(), issued: [...issued] },
    ...{ refused: refused.map(countedFields), handshakes: handshakes.map(countedFields) },
  };
}

function ledgerOf(read: kasbah.v1.LedgerState): OverviewMessage["ledger"] {
  return {
    ...{ writable: read.writable, failure: read.failure, loss: read.loss },
    ...{ entries: Number(read.entries), signed: Number(read.signed) },
    ...{ bytes: Number(read.bytes), limitBytes: Number(read.limitBytes) },
    ...{ diskFree: Number(read.diskFree), diskSize: Number(read.diskSize) },
  };
}

function portOf(read: kasbah.v1.PortState): OverviewMessage["port"] {
  const { connections, maxConnections, inFlight, waiting, workers } = read;
  return { connections, maxConnections, inFlight, waiting, workers };
}

function identityFields({ fresh = "", soonest, ...rest }: IdentityTotalsMessage) {
  return {
    ...{ ...rest, fresh: Buffer.from(fresh, "base64") },
    soonest: soonest.map(({ notBefore, notAfter, ...one }) => ({
      ...{ ...one, notBefore: notBefore.getTime(), notAfter: notAfter.getTime() },
    })),
  };
}

function identitiesOf(read: kasbah.v1.IdentityTotals): IdentityTotalsMessage {
  const { live, late, partial, fresh } = read;
  const soonest = read.soonest.map((one) => {
    const { spiffeId, serial, notBefore, notAfter } = new wire.LateIdentity(one);
    return { spiffeId, serial, notBefore: dateOf(notBefore), notAfter: dateOf(notAfter) };
  });
  const hashes = fresh.length === 0 ? {} : { fresh: Buffer.from(fresh).toString("base64") };
  return { live, late, soonest, partial, ...hashes };
}

function clockOf({ state, reason, wallTime }: kasbah.v1.ClockState): OverviewMessage["clock"] {
  return { state: oneOf(clockStates, state), reason, wallTime: dateOf(wallTime) };
}
