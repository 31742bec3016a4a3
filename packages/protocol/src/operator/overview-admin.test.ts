import assert from "node:assert/strict";
import { kasbah } from "../../generated/messages.js";
import type { OverviewMessage } from "./overview.ts";
import { getOverview } from "./overview-admin.ts";

const now = new Date("2030-01-01T12:34:56.789Z");
const overview: OverviewMessage = {
  ...{ version: "1.2.3", replica: "kasbah-0", trustDomain: "cluster.local" },
  ...{ now, startedAt: new Date("2029-12-31T00:00:00Z") },
  ...{ ready: false, reasons: ["ledger: cannot be written"], warnings: ["a", "b"], role: "follower" },
  activity: {
    ...{ bucketMs: 60_000, endsAt: new Date("2030-01-01T12:35:00Z"), issued: [0, 4_000_000_000, 1] },
    refused: [{ code: "TOKEN_EXPIRED", counts: [1, 0, 2] }],
    handshakes: [{ code: "unknown_root", counts: [0, 0, 7] }],
  },
  ledger: {
    ...{
      writable: false,
      failure: "no space left on device",
      entries: 2 ** 40,
      signed: 3,
      loss: "it is gone",
    },
    ...{ bytes: 2 ** 45, limitBytes: 0, diskFree: 0, diskSize: 2 ** 50 },
  },
  port: { connections: 1, maxConnections: 10_000, inFlight: 2, waiting: 3, workers: 4 },
  identities: {
    ...{ live: 10_000, late: 1, partial: true, fresh: Buffer.from([1, 2, 3, 255]).toString("base64") },
    soonest: [{ spiffeId: "spiffe://a/ns/b/sa/c", serial: "0a", notBefore: new Date(0), notAfter: now }],
  },
  clock: { state: "suspect", reason: "the clock is 8 years ahead", wallTime: new Date(-1) },
};

describe("OverviewAdmin messages", () => {
  const { encode, decode } = getOverview.response;
  const wire = kasbah.v1.Overview;
  const altered = (change: kasbah.v1.IOverview): Uint8Array =>
    wire.encode(Object.assign(wire.decode(encode(overview)), change)).finish();

  it("refuses an overview without a role, with an unknown role or that of a stopped CA, or without a clock", () => {
    assert.throws(() => decode(new Uint8Array()), TypeError);
    for (const role of ["", "king", "stopped"])
      assert.throws(() => decode(altered({ role })), TypeError, role);
    assert.throws(() => decode(altered({ clock: null })), TypeError);
  });

  it("refuses activity whose lists differ in length, or that has no bucket or too many", () => {
    const withIssued = (issued: number[], refused: number[] = []) =>
      altered({ activity: { bucketMs: 60_000, issued, refused: [{ code: "A", counts: refused }] } });
    for (const bytes of [
      withIssued([]),
      withIssued([1, 2], [1]),
      withIssued([1], [1, 2]),
      withIssued(Array(10_001).fill(0), Array(10_001).fill(0)),
      altered({ activity: null }),
      altered({ activity: { issued: [1] } }),
    ])
      assert.throws(() => decode(bytes), TypeError);
  });

  it("decodes every encoded overview to the same value", () => {
    assert.deepEqual(decode(encode(overview)), overview);
    const idle: OverviewMessage = {
      ...overview,
      ...{ reasons: [], warnings: [], role: "single", ready: true },
      activity: { ...overview.activity, refused: [], handshakes: [] },
      identities: { live: 0, late: 0, soonest: [], partial: false },
    };
    assert.deepEqual(decode(encode(idle)), idle);
    const { request } = getOverview;
    for (const forMerging of [true, false])
      assert.deepEqual(request.decode(request.encode({ forMerging })), { forMerging });
    assert.deepEqual(request.decode(new Uint8Array()), { forMerging: false });
  });

  it("reads absent parts as empty, as a later release may leave them out", () => {
    const read = decode(altered({ ledger: null, port: null, identities: null }));
    assert.deepEqual(read.identities, { live: 0, late: 0, soonest: [], partial: false });
    assert.deepEqual([read.ledger.writable, read.ledger.entries, read.port.workers], [false, 0, 0]);
  });
});
