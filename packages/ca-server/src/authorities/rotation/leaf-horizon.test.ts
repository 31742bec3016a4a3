import assert from "node:assert/strict";
import { FakeClock, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { type AuthoritiesOnDisk, dayMs, openOnDisk } from "../authorities-on-disk.fixture.ts";
import { decodeState, encodeState } from "../state-codec.ts";
import { coverLeaf, coverUnknownLeaves } from "./leaf-horizon.ts";

const hourMs = 3_600_000;
const batch = { spiffeId: "spiffe://cluster.local/ns/demo/sa/batch", serial: "0a".repeat(16) };
const web = { spiffeId: "spiffe://cluster.local/ns/demo/sa/web", serial: "0b".repeat(16) };

describe("The leaf that holds a gate", () => {
  let directory: TemporaryDirectory;
  let clock: FakeClock;
  let ca: AuthoritiesOnDisk;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    clock = new FakeClock("2030-01-01T00:00:00Z");
    ca = await openOnDisk({ path: directory.path, clock });
  });
  afterEach(() => directory.remove());

  const at = (ms: number) => new Date(clock.now().getTime() + ms);
  const issue = (leaf: typeof batch, ttlMs: number) =>
    ca.keeper.coverLeaf(ca.keeper.activeIssuer(clock.now()), at(ttlMs), leaf);

  it("is named by the status with SPIFFE ID, serial and expiry, even after a restart", async () => {
    await issue(batch, 90 * dayMs);
    await issue(web, dayMs);
    const expiry = at(90 * dayMs);
    await ca.driver.rotate("root");
    ca = await openOnDisk({ path: directory.path, clock });
    const { rotation, authorities } = ca.driver.status();
    assert.deepEqual(rotation?.leaf, { ...batch, notAfter: expiry });
    assert.deepEqual(authorities.find(({ id }) => id === "intermediate-1")?.lastLeaf, {
      ...batch,
      notAfter: expiry,
    });
    assert.equal(authorities.find(({ id }) => id === "intermediate-2")?.lastLeaf, undefined);
  });

  it("stays the one that was issued before the stage, even if the old authority issues a longer one later", async () => {
    await issue(batch, dayMs);
    await ca.driver.rotate("root");
    await issue(web, 30 * dayMs);
    assert.equal(ca.driver.status().rotation?.leaf?.spiffeId, batch.spiffeId);
  });

  it("is the last one of the departing authority if that one is later than the stage", async () => {
    await issue(batch, dayMs);
    await ca.driver.rotate("root");
    clock.jump(20 * hourMs);
    await issue(web, 2 * dayMs);
    clock.jump(8 * hourMs);
    await ca.driver.look(false);
    assert.equal(ca.keeper.state.rotation?.stage, "active");
    assert.equal(ca.driver.status().rotation?.leaf?.spiffeId, web.spiffeId);
  });

  it("costs no write for a certificate that does not move the horizon", async () => {
    await issue(batch, dayMs);
    const { state } = ca.keeper;
    for (let count = 0; count < 100; count++) await issue(web, dayMs);
    assert.equal(ca.keeper.state, state);
  });

  it("is unknown after a loss of state, and for a leaf without a name", async () => {
    await issue(batch, dayMs);
    await ca.driver.rotate("root");
    const lost = coverUnknownLeaves(ca.keeper.state, clock.now(), 90 * dayMs);
    assert.equal(lost.rotation?.leaf, undefined);
    assert.deepEqual(
      lost.authorities.map(({ horizonLeaf }) => horizonLeaf),
      lost.authorities.map(() => undefined),
    );
    const nameless = coverLeaf(ca.keeper.state, "intermediate-1", at(30 * dayMs), clock.now());
    assert.equal(nameless.authorities.find(({ id }) => id === "intermediate-1")?.horizonLeaf, undefined);
  });

  it("survives in the control state as optional fields, without which a state is read as before", async () => {
    await issue(batch, dayMs);
    await ca.driver.rotate("root");
    const fields = JSON.parse(JSON.stringify(encodeState(ca.keeper.state)));
    assert.deepEqual(decodeState(fields).rotation?.leaf, ca.keeper.state.rotation?.leaf);
    delete fields.rotation.leaf;
    for (const authority of fields.authorities) delete authority.horizonLeaf;
    assert.equal(decodeState(fields).rotation?.leaf, undefined);
    assert.equal(decodeState(fields).authorities.length, 4);
  });
});
