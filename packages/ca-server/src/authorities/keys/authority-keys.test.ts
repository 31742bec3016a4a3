import assert from "node:assert/strict";
import { createVerify } from "node:crypto";
import { rm } from "node:fs/promises";
import { FakeClock, rejectsWithCode, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { type AuthoritiesOnDisk, openOnDisk } from "../authorities-on-disk.fixture.ts";
import { authorityOf } from "../rotation/authority-state.ts";
import { AuthorityKeys } from "./authority-keys.ts";
import { DirectoryVault } from "./directory-vault.ts";

describe("AuthorityKeys", () => {
  let directory: TemporaryDirectory;
  let clock: FakeClock;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    clock = new FakeClock("2030-01-01T00:00:00Z");
  });
  afterEach(() => directory.remove());

  const open = (options: { readonly withIntermediate?: boolean } = {}) =>
    openOnDisk({ path: directory.path, clock, ...options });
  const isHeld = ({ keys }: AuthoritiesOnDisk, id: string) => {
    try {
      return keys.of(id) !== undefined;
    } catch (error) {
      assert.ok(error instanceof TypeError);
      return false;
    }
  };

  it("holds no root above intermediates after the start, a rotation of each kind and a recall", async () => {
    for (const ca of [await open(), await open()]) {
      assert.equal(isHeld(ca, "root-1"), false);
      assert.equal(isHeld(ca, "intermediate-1"), true);
    }
    const ca = await open();
    await ca.driver.rotate("intermediate");
    await ca.driver.rotate("root");
    for (let looks = 0; looks < 4; looks += 1) await ca.driver.look(false);
    await ca.driver.recall("root-1");
    assert.deepEqual(
      ["root-1", "root-2"].filter((id) => isHeld(ca, id)),
      [],
    );
  });

  it("holds a root that signs leaves, until an intermediate signs them", async () => {
    const ca = await open({ withIntermediate: false });
    assert.equal(ca.keeper.activeIssuer(clock.now()).authorityId, "root-1");
    assert.equal(isHeld(ca, "root-1"), true);
    const changed = await open({ withIntermediate: true });
    await changed.driver.rotate("intermediate");
    for (let looks = 0; looks < 4; looks += 1) await changed.driver.look(false);
    assert.equal(changed.keeper.activeIssuer(clock.now()).authorityId, "intermediate-1");
    assert.equal(isHeld(changed, "root-1"), false);
  });

  describe("for a root above intermediates", () => {
    let forgotten: number;
    let keys: AuthorityKeys;
    let ca: AuthoritiesOnDisk;

    beforeEach(async () => {
      ca = await open();
      forgotten = 0;
      const vault = new DirectoryVault({ directory: directory.join("authorities"), passphrase: undefined });
      const onForgotten = () => {
        forgotten += 1;
      };
      keys = new AuthorityKeys(vault, { onForgotten });
    });

    const root = () => authorityOf(ca.keeper.state, "root-1");

    it("loads the key for each signature, and forgets it afterwards, even if it cannot be used", async () => {
      const certifier = keys.certifier(root());
      const signature = await certifier.sign(Buffer.from("to be signed"));
      const verifier = createVerify("sha256").update("to be signed");
      assert.ok(
        verifier.verify(
          { key: Buffer.from(root().certificate.publicKey.spki), format: "der", type: "spki" },
          signature,
        ),
      );
      assert.equal(forgotten, 1);
      await rm(directory.join("authorities/root-1/ca-key.pem"));
      await rejectsWithCode(Promise.resolve(certifier.sign(Buffer.of(1))), "AUTHORITY_INCOMPLETE");
      assert.equal(forgotten, 2);
    });

    it("signs with no other key than that of its certificate", async () => {
      const intermediate = authorityOf(ca.keeper.state, "intermediate-1");
      const certifier = keys.certifier({ id: "root-1", certificate: intermediate.certificate });
      await rejectsWithCode(Promise.resolve(certifier.sign(Buffer.of(1))), "AUTHORITY_MISMATCH");
    });

    it("checks the key once, although other replicas change the state often", async () => {
      for (let round = 0; round < 3; round += 1) await keys.check(root());
      assert.equal(forgotten, 1);
      assert.throws(() => keys.of("root-1"), TypeError);
    });
  });
});
