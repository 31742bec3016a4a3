import assert from "node:assert/strict";
import { crashStates, FakeClock, materialise, recordingFs, temporaryDirectory } from "@kasbah/testkit";
import { dayMs, openOnDisk } from "./authorities-on-disk.fixture.ts";
import type { AuthorityState } from "./rotation/authority-state.ts";

describe("Authorities across a power cut", () => {
  it("finds the recorded authorities, in their stage or the next, after a power cut at any call of a rotation", async () => {
    await using directory = await temporaryDirectory();
    const clock = new FakeClock("2030-01-01T00:00:00Z");
    const home = directory.join("home");
    await materialise(new Map(), home);
    const fs = recordingFs(home);

    // A root, its intermediate, and a rotation of both, recorded together with the times of their
    // acknowledgements.
    const ca = await openOnDisk({ path: home, clock, fs });
    const acknowledged: [number, AuthorityState][] = [[fs.operations.length, ca.keeper.state]];
    ca.keeper.onTransition((state) => acknowledged.push([fs.operations.length, state]));
    const leaf = () =>
      ca.keeper.coverLeaf(ca.keeper.activeIssuer(clock.now()), new Date(clock.now().getTime() + dayMs));
    await leaf();
    await ca.driver.rotate("root");
    for (let hours = 0; ca.keeper.state.rotation !== undefined; hours += 20) {
      await leaf();
      clock.jump(20 * 3_600_000);
      await ca.driver.look(false);
      assert.ok(hours < 400);
    }
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
        const { keeper } = await openOnDisk({ path: crashed, clock });
        const { epoch, authorities, rotation } = keeper.state;
        assert.ok(
          epoch >= last.epoch && epoch <= later.epoch,
          `epoch ${epoch} after ${last.epoch} at ${cut}`,
        );
        assert.ok(
          [last, later].some((one) => one.rotation?.stage === rotation?.stage),
          `${rotation?.stage} at ${cut}`,
        );
        for (const { id, certificate } of authorities) assert.equal(certificate.fingerprint, known.get(id));
        states += 1;
      }
    }
    assert.equal(acknowledged.length, 6, "a root, and five transitions");
    assert.ok(states > 100, `${states} states`);
  });
});

/** Most cuts leave the same disk in several ways. */
function unique<T extends ReadonlyMap<string, Buffer>>(states: readonly T[]): T[] {
  const textOf = (state: T) =>
    JSON.stringify([...state].map(([path, bytes]) => [path, bytes.toString("base64")]).sort());
  return [...new Map(states.map((state) => [textOf(state), state])).values()];
}
