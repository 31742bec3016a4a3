import { kasbah } from "../../generated/messages.js";
import type { Codec, Method } from "../codec.ts";
import { activityOf, countedFields } from "./activity.ts";
import { dateOf, type NoFields, noFields, oneOf } from "./fields.ts";
import type { ActivityMessage, OverviewMessage } from "./overview.ts";

const wire = kasbah.v1;

const roles = ["single", "leader", "follower"] as const;
const clockStates = ["trusted", "suspect", "unknown"] as const;

const overview: Codec<OverviewMessage> = {
  encode: ({ now, startedAt, reasons, warnings, activity, identities, clock, ...rest }) =>
    wire.Overview.encode({
      ...rest,
      ...{ now: now.getTime(), startedAt: startedAt?.getTime() ?? null },
      ...{ reasons: [...reasons], warnings: [...warnings], activity: activityFields(activity) },
      identities: {
        ...identities,
        soonest: identities.soonest.map(({ notBefore, notAfter, ...one }) => ({
          ...{ ...one, notBefore: notBefore.getTime(), notAfter: notAfter.getTime() },
        })),
      },
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

/** Reads what one CA process does and how it is. Fails with UNIMPLEMENTED in a CA of an earlier release. */
export const getOverview: Method<NoFields, OverviewMessage> = {
  path: "/kasbah.v1.OverviewAdmin/GetOverview",
  request: noFields,
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

function identitiesOf({ live, late, soonest, partial }: kasbah.v1.IdentityTotals) {
  const lateOnes = soonest.map((one) => {
    const { spiffeId, serial, notBefore, notAfter } = new wire.LateIdentity(one);
    return { spiffeId, serial, notBefore: dateOf(notBefore), notAfter: dateOf(notAfter) };
  });
  return { live, late, soonest: lateOnes, partial };
}

function clockOf({ state, reason, wallTime }: kasbah.v1.ClockState): OverviewMessage["clock"] {
  return { state: oneOf(clockStates, state), reason, wallTime: dateOf(wallTime) };
}
