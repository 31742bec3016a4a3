import assert from "node:assert/strict";
import { FakeClock, mintSecret } from "@kasbah/testkit";
import { SecretStore, type WorkloadSecret } from "./secret-store.ts";

describe("The secret store", () => {
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

  it("hands out nothing that has expired, though nobody told it that time passed", () => {
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

  it("holds a value that nobody can change", () => {
    store.publish(secret);
    assert.throws(() => Object.assign(store.current ?? {}, { notAfter: new Date() }), TypeError);
  });

  it("tells subscribers before publish returns, until they leave, and of a change of the bundle alone", () => {
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

  it("lets a subscriber leave while it is being told", () => {
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
