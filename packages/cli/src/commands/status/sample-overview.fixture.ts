import type { OverviewMessage } from "@kasbah/protocol";

/** A CA that has issued one certificate and refused one call in the last of three minutes. */
export const sampleOverview: OverviewMessage = {
  ...{ version: "1.2.3", replica: "kasbah-0", trustDomain: "cluster.local", role: "single" },
  ...{ now: new Date("2030-01-01T00:00:20Z"), startedAt: new Date("2029-12-01T00:00:00Z") },
  ...{ ready: true, reasons: [], warnings: ["rotations only start manually"] },
  activity: {
    ...{ bucketMs: 60_000, endsAt: new Date("2030-01-01T00:01:00Z"), issued: [0, 0, 1] },
    ...{ refused: [{ code: "TOKEN_EXPIRED", counts: [0, 0, 1] }], handshakes: [] },
  },
  ledger: {
    ...{ writable: true, failure: "", entries: 7, signed: 7, loss: "" },
    ...{ bytes: 1_000, limitBytes: 0, diskFree: 500, diskSize: 1_000 },
  },
  port: { connections: 1, maxConnections: 1_000, inFlight: 0, waiting: 0, workers: 1 },
  identities: { live: 1, late: 0, soonest: [], partial: false },
  clock: { state: "trusted", reason: "", wallTime: new Date("2030-01-01T00:00:20Z") },
};
