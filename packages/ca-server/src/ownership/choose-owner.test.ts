import assert from "node:assert/strict";
import { FakeClock, type TemporaryDirectory, temporaryDirectory, throwsWithCode } from "@kasbah/testkit";
import { openOnDisk } from "../authorities/authorities-on-disk.fixture.ts";
import { encodeState } from "../authorities/state-codec.ts";
import { StateError } from "../errors.ts";
import { chooseOwner, type OwnerFacts } from "./choose-owner.ts";
import type { PlaceContent, StoredCa } from "./place.ts";

const noCa: StoredCa = { state: {}, files: new Map() };

describe("Choice of the place that owns the CA", () => {
  let directory: TemporaryDirectory;
  /** Two CAs with different roots. */
  let [ours, theirs]: [StoredCa, StoredCa] = [noCa, noCa];
  let [ourRoot, theirRoot] = ["", ""];

  before(async () => {
    directory = await temporaryDirectory();
    [ours, theirs] = [await createCa("ours"), await createCa("theirs")];
    [ourRoot, theirRoot] = [rootOf(ours), rootOf(theirs)];
  });
  after(() => directory.remove());

  const roots = new Map<StoredCa, string>();
  const rootOf = (ca: StoredCa) => roots.get(ca) ?? "";

  async function createCa(name: string): Promise<StoredCa> {
    const { keeper } = await openOnDisk({ path: directory.join(name), clock: new FakeClock() });
    const ca = { state: JSON.parse(JSON.stringify(encodeState(keeper.state))), files: new Map() };
    roots.set(ca, keeper.trustBundle().roots[0]?.fingerprint ?? "");
    return ca;
  }

  const empty: PlaceContent = { kind: "empty" };
  const owner = (ca: StoredCa): PlaceContent => ({ kind: "owner", ca });
  const moved = (ca: StoredCa, to: string): PlaceContent => ({ kind: "moved", to, ca });
  const arriving = (ca: StoredCa): PlaceContent => ({ kind: "arriving", from: "elsewhere", ca });
  const choose = (facts: Partial<OwnerFacts>) =>
    chooseOwner({
      ...{ directory: empty, secret: empty, directoryName: "the volume", secretName: "the Secret" },
      ...{ hadRoot: false, published: [], mayCreate: true, stateRoot: undefined, lostRoot: undefined },
      ...facts,
    });
  const kindOf = (facts: Partial<OwnerFacts>) => choose(facts).kind;
  const refuses = (facts: Partial<OwnerFacts>, code: string) => throwsWithCode(() => choose(facts), code);

  describe("different roots in the volume and in the Secret", () => {
    it("refuses, and names both fingerprints and the flag that decides", () => {
      const facts = { directory: owner(ours), secret: owner(theirs), hadRoot: true, published: [ourRoot] };
      const { message } = refuses(facts, "STATE_CONFLICT");
      for (const part of [ourRoot, theirRoot, "--state-root="]) assert.ok(message.includes(part), message);
      refuses({ ...facts, mayCreate: false }, "STATE_CONFLICT");
    });

    it("uses the place whose root the operator names", () => {
      const facts = { directory: owner(ours), secret: owner(theirs) };
      assert.equal(kindOf({ ...facts, stateRoot: ourRoot }), "directory");
      assert.equal(kindOf({ ...facts, stateRoot: theirRoot }), "secret");
      refuses({ ...facts, stateRoot: "0".repeat(64) }, "STATE_CONFLICT");
    });

    it("refuses the Secret of an empty replica if the operator names another root", () => {
      refuses({ secret: owner(theirs), stateRoot: ourRoot }, "STATE_CONFLICT");
      assert.equal(kindOf({ secret: owner(theirs), stateRoot: theirRoot }), "secret");
    });

    it("uses the Secret without a flag if this replica has already worked with it, as after an earlier accident", () => {
      const choice = choose({ directory: owner(ours), secret: owner(theirs), published: [theirRoot] });
      assert.equal(choice.kind, "secret");
      assert.match(JSON.stringify(choice), /also contains a CA/);
    });

    it("uses the Secret beside an unreadable volume only if this replica knows its root", () => {
      const broken = new StateError("STATE_DAMAGED", "unreadable");
      refuses({ directory: broken, secret: owner(theirs), published: [ourRoot] }, "STATE_DAMAGED");
      assert.equal(kindOf({ directory: broken, secret: owner(theirs), published: [theirRoot] }), "secret");
    });
  });

  it("uses a Secret with the CA of the volume", () => {
    assert.equal(kindOf({ directory: owner(ours), secret: owner(ours) }), "secret");
    assert.equal(
      kindOf({ directory: moved(ours, "the Secret"), secret: owner(ours), hadRoot: true }),
      "secret",
    );
    assert.equal(kindOf({ secret: owner(ours) }), "secret");
  });

  describe("no Secret", () => {
    it("continues with the volume of the first replica, and names the command that shares it", () => {
      const choice = choose({ directory: owner(ours), hadRoot: true, published: [ourRoot] });
      assert.equal(choice.kind, "directory");
      assert.match(JSON.stringify(choice), /kasbah authority move --to-secret/);
    });

    it("lets every other replica wait, whether its volume is empty or not", () => {
      assert.equal(kindOf({ mayCreate: false }), "wait");
      assert.equal(kindOf({ directory: owner(theirs), mayCreate: false }), "wait");
    });

    it("creates a CA only if nothing shows that a root existed", () => {
      assert.deepEqual(choose({}), { kind: "secret", finish: false, isNew: true, warnings: [] });
      refuses({ hadRoot: true }, "STATE_MISSING");
      refuses({ hadRoot: true, mayCreate: false }, "STATE_MISSING");
      refuses({ lostRoot: "it held the root" }, "STATE_MISSING");
      refuses({ stateRoot: ourRoot }, "STATE_CONFLICT");
      refuses({ directory: moved(ours, "the Secret") }, "STATE_MISSING");
    });
  });

  describe("interrupted moves", () => {
    it("continues with the volume until the mark is durable, and with the Secret afterwards", () => {
      const before = choose({ directory: owner(ours), secret: arriving(ours) });
      assert.equal(before.kind, "directory");
      assert.match(JSON.stringify(before), /interrupted.*move --to-secret/);
      const after = choose({ directory: moved(ours, "the Secret"), secret: arriving(ours), hadRoot: true });
      assert.deepEqual(after, { kind: "secret", finish: true, isNew: false, warnings: [] });
    });

    it("completes a move to the volume after its mark, and uses the Secret before", () => {
      assert.equal(kindOf({ directory: arriving(ours), secret: owner(ours) }), "secret");
      const after = choose({ directory: arriving(ours), secret: moved(ours, "the volume") });
      assert.deepEqual([after.kind, "finish" in after && after.finish], ["directory", true]);
      assert.equal(kindOf({ directory: owner(ours), secret: moved(ours, "the volume") }), "directory");
    });

    it("lets other replicas wait, and never completes the move of another CA", () => {
      for (const secret of [arriving(ours), moved(ours, "another volume")]) {
        assert.equal(kindOf({ secret }), "wait");
        assert.equal(kindOf({ secret, mayCreate: false }), "wait");
      }
      assert.equal(kindOf({ directory: moved(theirs, "x"), secret: arriving(ours) }), "wait");
      refuses({ directory: owner(theirs), secret: moved(ours, "another volume") }, "STATE_CONFLICT");
    });
  });
});
