import assert from "node:assert/strict";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { crashStates, FakeClock, materialise, recordingFs, temporaryDirectory } from "@kasbah/testkit";
import { type AuthoritiesOnDisk, dayMs, openOnDisk } from "./authorities-on-disk.fixture.ts";
import type { AuthorityState } from "./rotation/authority-state.ts";

describe("Authorities across a power cut", function () {
  this.timeout(240_000);

  it("finds the recorded authorities, in their stage or the next, after a power cut at any call of a rotation", async () => {
    const { transitions, states } = await cutEverywhere(async (ca, clock) => {
      await ca.driver.rotate("root");
      await finish(ca, clock);
    });
    assert.equal(transitions, 6, "a root, and five transitions");
    assert.ok(states > 100, `${states} states`);
  });

  it("keeps every key that the state names, and leaves none that it gave up, after a power cut at any call of a recall or of the destruction of keys", async () => {
    const { states } = await cutEverywhere(async (ca, clock) => {
      await ca.driver.rotate("intermediate");
      await finish(ca, clock);
      await ca.driver.recall("intermediate-1");
      await finish(ca, clock);
      clock.suspend(8 * dayMs);
      await ca.driver.look(false);
      const [, recalled, left] = ca.keeper.state.authorities;
      assert.deepEqual([recalled?.stage, left?.stage, left?.hasKey], ["active", "retired", false]);
    });
    assert.ok(states > 100, `${states} states`);
  });

  it("either trusts a root or has distrusted it, and always signs, after a power cut at any call of a distrust", async () => {
    const { transitions, states } = await cutEverywhere(async (ca, clock) => {
      await ca.compromise.distrust("intermediate-1");
      await issueLeaf(ca, clock);
      await ca.compromise.distrust("root-1");
    });
    assert.equal(transitions, 3, "a root, and two transitions");
    assert.ok(states > 40, `${states} states`);
  });
});

/** Issues leaves and looks until the rotation is complete. */
async function finish(ca: AuthoritiesOnDisk, clock: FakeClock): Promise<void> {
  for (let hours = 0; ca.keeper.state.rotation !== undefined; hours += 20) {
    await issueLeaf(ca, clock);
    clock.suspend(20 * 3_600_000);
    await ca.driver.look(false);
    assert.ok(hours < 400);
  }
}

function issueLeaf({ keeper }: AuthoritiesOnDisk, clock: FakeClock): Promise<void> {
  return keeper.coverLeaf(keeper.activeIssuer(clock.now()), new Date(clock.now().getTime() + dayMs));
}

/** Does some work on a new CA, then opens every disk that a power cut during it could have left. */
async function cutEverywhere(work: (ca: AuthoritiesOnDisk, clock: FakeClock) => Promise<void>) {
  await using directory = await temporaryDirectory();
  const clock = new FakeClock("2030-01-01T00:00:00Z");
  const home = directory.join("home");
  await materialise(new Map(), home);
  const fs = recordingFs(home);

  // Every transition, recorded together with the time of its acknowledgement.
  const ca = await openOnDisk({ path: home, clock, fs });
  const acknowledged: [number, AuthorityState][] = [[fs.operations.length, ca.keeper.state]];
  ca.keeper.onTransition((state) => acknowledged.push([fs.operations.length, state]));
  await issueLeaf(ca, clock);
  await work(ca, clock);
  const known = new Map(ca.keeper.state.authorities.map((one) => [one.id, one.certificate.fingerprint]));
  const [firstOperations] = acknowledged[0] ?? [0];

  let states = 0;
  for (let cut = firstOperations; cut <= fs.operations.length; cut++) {
    const last = acknowledged.findLast(([operations]) => operations <= cut)?.[1];
    const later = acknowledged.find(([operations]) => operations > cut)?.[1] ?? ca.keeper.state;
    assert.ok(last);
    for (const state of unique(crashStates(fs.operations, cut))) {
      const crashed = directory.join("crashed");
      await materialise(state, crashed);
      const found = await openOnDisk({ path: crashed, clock });
      const { epoch, authorities, rotation } = found.keeper.state;
      assert.ok(epoch >= last.epoch && epoch <= later.epoch, `epoch ${epoch} after ${last.epoch} at ${cut}`);
      assert.ok(
        [last, later].some((one) => one.rotation?.stage === rotation?.stage),
        `${rotation?.stage} at ${cut}`,
      );
      for (const { id, certificate } of authorities) assert.equal(certificate.fingerprint, known.get(id));
      found.keeper.activeIssuer(clock.now());
      await keysAgree(found, crashed);
      states += 1;
    }
  }
  return { transitions: acknowledged.length, states };
}

/** Every key that the state names exists; a look of the new process destroys the others. */
async function keysAgree({ keeper, driver }: AuthoritiesOnDisk, home: string): Promise<void> {
  const pathOf = (id: string) => join(home, "authorities", id, "ca-key.pem");
  const exists = (id: string) =>
    access(pathOf(id)).then(
      () => true,
      () => false,
    );
  for (const { id, hasKey } of keeper.state.authorities) {
    if (hasKey) assert.ok(await exists(id), `the key of ${id} is missing`);
  }
  if (keeper.state.authorities.every(({ hasKey }) => hasKey)) return;
  await driver.look(false);
  for (const { id, hasKey } of keeper.state.authorities) assert.equal(await exists(id), hasKey, id);
}

/** Most cuts leave the same disk in several ways. */
function unique<T extends ReadonlyMap<string, Buffer>>(states: readonly T[]): T[] {
  const textOf = (state: T) =>
    JSON.stringify([...state].map(([path, bytes]) => [path, bytes.toString("base64")]).sort());
  return [...new Map(states.map((state) => [textOf(state), state])).values()];
}
