import assert from "node:assert/strict";
import type { Readiness } from "@kasbah/runtime";
import { FakeClock } from "@kasbah/testkit";
import { Activity } from "./activity.ts";
import { type OverviewDeps, readOverview } from "./overview.ts";

const clock = new FakeClock("2030-01-01T00:00:20Z");
const log = { writable: true, size: 7 };
const identities = { live: 2, late: 1, soonest: [], partial: false };

function depsOf(changes: Partial<OverviewDeps> = {}, ledger: Partial<OverviewDeps["ledger"]> = {}) {
  const deps: OverviewDeps = {
    ...{ version: "1.2.3", replica: "kasbah-1", trustDomain: "cluster.local", startedAt: new Date(0) },
    role: () => "follower",
    readiness: (): Readiness => ({ ready: true, reasons: [], warnings: ["a", "b"] }),
    activity: new Activity(clock),
    ledger: {
      ...{ log, tree: { signedSize: 5 }, loss: { open: undefined } },
      space: { use: { bytes: 10, entryBytes: 9, maxBytes: undefined, volume: { free: 3, size: 100 } } },
      identities: { totals: async () => identities },
      ...ledger,
    },
    port: { connections: 1, maxConnections: 2, inFlight: 3, waiting: 4, processes: 5 },
    clock: {
      status: () => ({
        ...{ state: "suspect", reason: "the clock is 8 years ahead" },
        ...{ trustedTime: clock.now(), wallTime: new Date("2038-01-01T00:00:00Z") },
      }),
    },
    ...changes,
  };
  return deps;
}

const read = (deps: OverviewDeps) => readOverview(deps, { forMerging: false });

describe("readOverview", () => {
  it("names the error of a ledger that cannot be written, and says so even without one", async () => {
    const full = Object.assign(new Error("write ENOSPC"), { code: "ENOSPC" });
    const { ledger } = await read(depsOf({}, { log: { ...log, writable: false, failure: full } }));
    assert.equal(ledger.writable, false);
    assert.match(ledger.failure, /space/);
    const unknown = await read(depsOf({}, { log: { ...log, writable: false } }));
    assert.equal(unknown.ledger.failure, "it cannot be written");
    const earlier = await read(depsOf({}, { log: { ...log, failure: full } }));
    assert.equal(earlier.ledger.failure, "", "a failure that is over");
  });

  it("shows trusted time beside the wall clock, and an open loss of the ledger", async () => {
    const { now, clock: seen, ledger } = await read(depsOf({}, { loss: { open: { found: "it is gone" } } }));
    assert.deepEqual(now, clock.now());
    assert.deepEqual(seen, {
      ...{ state: "suspect", reason: "the clock is 8 years ahead" },
      wallTime: new Date("2038-01-01T00:00:00Z"),
    });
    assert.equal(ledger.loss, "it is gone");
  });

  it("collects the parts of the CA", async () => {
    const overview = await read(depsOf({ readiness: () => ({ ready: false, reasons: ["ledger: full"] }) }));
    assert.deepEqual([overview.ready, overview.reasons, overview.warnings], [false, ["ledger: full"], []]);
    assert.deepEqual([overview.role, overview.replica], ["follower", "kasbah-1"]);
    assert.deepEqual(overview.port, {
      ...{ connections: 1, maxConnections: 2, inFlight: 3, waiting: 4, workers: 5 },
    });
    assert.deepEqual(overview.ledger, {
      ...{ writable: true, failure: "", entries: 7, signed: 5, loss: "" },
      ...{ bytes: 10, limitBytes: 0, diskFree: 3, diskSize: 100 },
    });
    assert.equal(overview.identities, identities);
  });
});
