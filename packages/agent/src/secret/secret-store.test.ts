import assert from "node:assert/strict";
import { FakeClock, mintSecret } from "@kasbah/testkit";
import { SecretStore, type WorkloadSecret } from "./secret-store.ts";

describe("SecretStore", () => {
  let clock: FakeClock;
  let store: SecretStore;
  let secret: WorkloadSecret;

  before(async () => {
    secret = await mintSecret({ receivedAt: new Date("2030-01-01T00:00:00Z"), ttlMs: 60_000 });
  });

  beforeEach(() => {
    clock = new FakeClock("2030-01-01T00:00:00Z");
    store = new SecretStore(clock);
  });

  it("returns no expired secret, even without a notification that time has passed", () => {
    store.publish(secret);
    clock.jump(60_000);
    assert.equal(store.state(), "expired");
    assert.equal(store.unexpired, undefined);
    assert.ok(store.current);
  });

  it("goes from starting to ready to stale to expired by the clock alone", async () => {
    assert.equal(store.state(), "starting");
    store.publish(secret);
    assert.equal(store.state(), "ready");
    await clock.advance(30_000);
    assert.equal(store.state(), "stale");
    assert.ok(store.unexpired);
    await clock.advance(30_000);
    assert.equal(store.state(), "expired");
  });

  it("returns an immutable value", () => {
    store.publish(secret);
    assert.throws(() => Object.assign(store.current ?? {}, { notAfter: new Date() }), TypeError);
  });

  it("notifies subscribers before publish returns, until they unsubscribe, even if only the bundle changes", () => {
    const seen: WorkloadSecret[] = [];
    const leave = store.subscribe((published) => seen.push(published));
    store.publish(secret);
    store.publish({ ...secret, bundle: secret.bundle });
    assert.equal(seen.length, 2);
    assert.equal(seen[1], store.current);
    leave();
    store.publish(secret);
    assert.equal(seen.length, 2);
  });

  it("lets a subscriber unsubscribe while it is notified", () => {
    let told = 0;
    const leave = store.subscribe(() => {
      told += 1;
      leave();
    });
    store.subscribe(() => {
      told += 1;
    });
    store.publish(secret);
    assert.equal(told, 2);
  });
});
