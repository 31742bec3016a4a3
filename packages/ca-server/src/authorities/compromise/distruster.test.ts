import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import type { HolderMessage } from "@kasbah/protocol";
import { FakeClock, rejectsWithCode, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import {
  type AuthoritiesOnDisk,
  dayMs,
  type OnDiskOptions,
  openOnDisk,
} from "../authorities-on-disk.fixture.ts";
import { authorityOf } from "../rotation/authority-state.ts";
import { applyDistrust } from "../rotation/distrust.ts";

const hourMs = 3_600_000;

describe("Distruster", () => {
  let directory: TemporaryDirectory;
  let clock: FakeClock;
  let ca: AuthoritiesOnDisk;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    clock = new FakeClock("2030-01-01T00:00:00Z");
    await open();
  });
  afterEach(() => directory.remove());

  const open = async (changes: Partial<OnDiskOptions> = {}) => {
    ca = await openOnDisk({ path: directory.path, clock, ...changes });
  };
  const issue = async () => {
    const now = clock.now();
    await ca.keeper.coverLeaf(ca.keeper.activeIssuer(now), new Date(now.getTime() + dayMs));
  };
  const files = async (id: string) => (await readdir(directory.join("authorities", id))).sort();
  const certificateOf = (id: string) => authorityOf(ca.keeper.state, id).certificate;
  const issuerId = () => ca.keeper.activeIssuer(clock.now()).authorityId;

  it("replaces the signing root while its leaves are valid, and destroys both keys before it answers", async () => {
    await issue();
    const { rotation } = await ca.compromise.distrust("root-1");
    assert.equal(rotation, undefined);
    assert.equal(issuerId(), "intermediate-2");
    assert.equal(ca.keeper.servingIssuer(clock.now()).authorityId, "intermediate-2");
    assert.deepEqual(ca.keeper.trustBundle().roots, [certificateOf("root-2")]);
    for (const id of ["root-1", "intermediate-1"]) {
      assert.deepEqual(await files(id), ["ca-cert.pem"]);
      assert.ok(ca.keeper.isDistrusted(certificateOf(id)));
    }
    assert.ok(!ca.keeper.isDistrusted(certificateOf("root-2")));
    await open();
    assert.equal(issuerId(), "intermediate-2");
  });

  it("replaces the signing intermediate under the same root, and keeps the key of the root", async () => {
    await issue();
    await ca.compromise.distrust("intermediate-1");
    assert.equal(issuerId(), "intermediate-2");
    assert.deepEqual(ca.keeper.trustBundle().roots, [certificateOf("root-1")]);
    assert.deepEqual(await files("root-1"), ["ca-cert.pem", "ca-key.pem"]);
    assert.deepEqual(await files("intermediate-1"), ["ca-cert.pem"]);
  });

  it("acts while rotations are paused, manual, or in the middle of a stage", async () => {
    await open({ automatic: false });
    await issue();
    await ca.driver.rotate("root");
    await ca.driver.pause();
    assert.equal(ca.keeper.state.rotation?.stage, "distributed");
    await ca.compromise.distrust("root-1");
    assert.deepEqual(
      [issuerId(), ca.keeper.state.made.root],
      ["intermediate-2", 2],
      "no third root is created",
    );
  });

  it("replaces a signer that has expired", async () => {
    clock.jump(400 * dayMs);
    await ca.compromise.distrust("intermediate-1");
    assert.equal(issuerId(), "intermediate-2");
  });

  it("destroys the key at the next start if the CA was killed after the transition", async () => {
    await ca.driver.rotate("intermediate");
    await ca.keeper.transition((state) => applyDistrust(state, "intermediate-1", undefined, clock.now()));
    assert.deepEqual(await files("intermediate-1"), ["ca-cert.pem", "ca-key.pem"]);
    await open();
    assert.deepEqual(await files("intermediate-1"), ["ca-cert.pem"]);
  });

  it("refuses an unknown authority and one that is already distrusted, and creates no key for them", async () => {
    await ca.compromise.distrust("root-1");
    const before = await readdir(directory.join("authorities"));
    for (const id of ["root-1", "root-9", "", "../root-1"]) {
      await rejectsWithCode(ca.compromise.distrust(id), "OPERATION_REFUSED");
      await rejectsWithCode(ca.compromise.previewDistrust(id), "OPERATION_REFUSED");
    }
    assert.deepEqual(await readdir(directory.join("authorities")), before);
  });

  describe("a dry run", () => {
    const holder: HolderMessage = {
      spiffeId: "spiffe://cluster.local/ns/demo/sa/web",
      leaves: 3,
      pods: 2,
      serial: "0a",
      notAfter: new Date("2030-01-01T12:00:00Z"),
    };

    it("reports what would be removed and created, who holds certificates, and until when, and changes nothing", async () => {
      let asked: ReadonlySet<string> = new Set();
      const holders = async (authorities: ReadonlySet<string>) => {
        asked = authorities;
        return [holder, { ...holder, spiffeId: "spiffe://cluster.local/ns/demo/sa/api", pods: 0 }];
      };
      await open({ holders });
      await issue();
      const { state } = ca.keeper;
      assert.deepEqual(await ca.compromise.previewDistrust("root-1"), {
        id: "root-1",
        kind: "root",
        removed: ["root-1", "intermediate-1"],
        signer: "",
        creates: "root",
        changesRoot: true,
        leavesUntil: new Date(clock.now().getTime() + 27 * hourMs),
        leaves: 6,
        identities: 2,
        pods: 2,
        holders: [holder, { ...holder, spiffeId: "spiffe://cluster.local/ns/demo/sa/api", pods: 0 }],
        holdersUnknown: "",
      });
      assert.deepEqual(
        [...asked],
        ["root-1", "intermediate-1"].map((id) => certificateOf(id).fingerprint),
      );
      assert.equal(ca.keeper.state, state);
      assert.equal((await readdir(directory.join("authorities"))).length, 2);
    });

    it("says until when workloads accept a stolen intermediate whose root stays trusted", async () => {
      const { acceptedUntil, signer, creates } = await ca.compromise.previewDistrust("intermediate-1");
      assert.deepEqual(acceptedUntil, certificateOf("intermediate-1").notAfter);
      assert.deepEqual([signer, creates], ["", "intermediate"]);
      await ca.driver.rotate("root");
      for (let looks = 0; looks < 4; looks++) await ca.driver.look(false);
      const after = await ca.compromise.previewDistrust("root-1");
      assert.deepEqual([after.signer, after.creates, after.changesRoot], ["intermediate-2", "", false]);
    });

    it("does not fail if the holders are unknown, and says why", async () => {
      await open({ holders: () => Promise.reject(new Error("the index is gone")) });
      const { holdersUnknown, holders, leaves } = await ca.compromise.previewDistrust("root-1");
      assert.deepEqual([holdersUnknown, holders, leaves], ["the index is gone", [], 0]);
    });

    it("counts every identity but lists at most 200", async () => {
      await open({ holders: async () => Array.from({ length: 300 }, () => holder) });
      const { identities, leaves, holders } = await ca.compromise.previewDistrust("root-1");
      assert.deepEqual([identities, leaves, holders.length], [300, 900, 200]);
    });
  });
});
