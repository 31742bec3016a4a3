import assert from "node:assert/strict";
import { classifyPluggedInChange, type InUse } from "./change.ts";
import { OpensslHome } from "./openssl-home.fixture.ts";

describe("Change of a plugged-in CA", () => {
  let home: OpensslHome;
  let inUse: InUse;

  before(async () => {
    home = await OpensslHome.create();
    await home.createIntermediate("next", "root");
    await home.createIntermediate("moved", "other");
    home.renewRoot("root", "renewed", 60);
    await home.plugIn("good", "root");
    const { signer, root } = await home.loadWhole();
    inUse = { signer: signer.certificate, root, isRootExpired: false };
  });
  after(() => home.remove());

  const change = async (name: string, ...roots: string[]) => {
    await home.plugIn(name, ...roots);
    return classifyPluggedInChange(inUse, await home.loadWhole());
  };

  it("rejects a new root whose file does not contain the root in use, and says how to continue", async () => {
    const refusal = await change("moved", "other");
    assert.ok(refusal.kind === "refused");
    assert.ok(refusal.reason.includes(inUse.root.fingerprint));
    assert.match(refusal.reason, /put both/);
  });

  it("rejects a root that was reissued with its key when the root in use is missing, because clients compare its bytes", async () => {
    assert.equal((await change("good", "renewed")).kind, "refused");
    assert.equal((await change("next", "renewed")).kind, "refused");
  });

  it("accepts a new root alone if the root in use has expired, because no client needs it any more", async () => {
    await home.plugIn("moved", "other");
    const next = await home.loadWhole();
    assert.deepEqual(classifyPluggedInChange({ ...inUse, isRootExpired: true }, next), { kind: "new-root" });
  });

  it("moves to a new root when the file contains both roots in any order", async () => {
    assert.deepEqual(await change("moved", "other", "root"), { kind: "new-root" });
    assert.deepEqual(await change("moved", "root", "other"), { kind: "new-root" });
  });

  it("moves to a root that was reissued with its key as soon as it is added", async () => {
    assert.deepEqual(await change("good", "root", "renewed"), { kind: "new-root" });
    assert.deepEqual(await change("good", "renewed", "root"), { kind: "new-root" });
  });

  it("accepts another intermediate under the same root, or a change of the root file alone", async () => {
    assert.deepEqual(await change("good", "root"), { kind: "roots-only" });
    assert.deepEqual(await change("good", "root", "other"), { kind: "roots-only" });
    assert.deepEqual(await change("next", "root"), { kind: "same-root" });
  });
});
