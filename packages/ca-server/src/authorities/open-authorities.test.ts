import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, copyFile, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createKeyPair } from "@kasbah/pki";
import { Secret } from "@kasbah/runtime";
import { FakeClock, rejectsWithCode, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { dayMs, type OnDiskOptions, openOnDisk } from "./authorities-on-disk.fixture.ts";
import { authorityOf, rootOf } from "./rotation/authority-state.ts";

describe("Authorities of a state directory", () => {
  let directory: TemporaryDirectory;
  let clock: FakeClock;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    clock = new FakeClock("2030-01-01T00:00:00.750Z");
  });
  afterEach(() => directory.remove());

  const open = (changes: Partial<OnDiskOptions> = {}) =>
    openOnDisk({ path: directory.path, clock, ...changes });
  const inside = (...names: string[]) => directory.join("authorities", ...names);
  const fingerprints = async () => {
    const { keeper } = await open();
    return keeper.state.authorities.map(({ certificate }) => certificate.fingerprint);
  };

  describe("incomplete authorities", () => {
    it("never replaces keys when their control state is missing", async () => {
      await open();
      await rm(directory.join("control"), { recursive: true });
      const { message } = await rejectsWithCode(open(), "STATE_MISSING");
      assert.match(message, /clients would not trust a new root/);
      assert.deepEqual((await readdir(inside())).sort(), ["intermediate-1", "root-1"]);
    });

    it("never replaces keys when both generations of the control state are damaged", async () => {
      await open();
      for (const name of await readdir(directory.join("control"))) {
        await writeFile(directory.join("control", name), "{");
      }
      await rejectsWithCode(open(), "STATE_DAMAGED");
    });

    it("never creates a root in place of a named CA that it does not find, and lists what the directory contains", async () => {
      const pluggedInDirectory = directory.join("cacerts");
      const refused = async (seen: RegExp) => {
        const { message } = await rejectsWithCode(open({ pluggedInDirectory }), "PLUGGED_IN_INCOMPLETE");
        assert.match(message, seen);
        assert.match(message, /correct the path or the mount/);
        assert.deepEqual(await readdir(inside()), []);
      };
      await refused(/cacerts does not exist, expected ca-cert\.pem, ca-key\.pem/);
      await mkdir(pluggedInDirectory);
      await refused(/cacerts is empty/);
      await writeFile(directory.join("cacerts", "ca_cert.pem"), "");
      await writeFile(directory.join("cacerts", "ca.key"), "");
      await refused(/cacerts contains only ca\.key, ca_cert\.pem,/);
      for (let number = 0; number < 20; number += 1) {
        await writeFile(directory.join("cacerts", `extra-${number}`), "");
      }
      await refused(/extra-\d+ and 12 more,/);
    });

    it("keeps running on the root of its own that an earlier release created beside an empty directory", async () => {
      await open();
      const before = await fingerprints();
      const { keeper } = await open({ pluggedInDirectory: directory.join("cacerts") });
      assert.deepEqual(
        keeper.state.authorities.map(({ certificate }) => certificate.fingerprint),
        before,
      );
    });

    for (const [what, lose] of [
      ["a key", () => rm(inside("root-1", "ca-key.pem"))],
      ["a certificate", () => rm(inside("intermediate-1", "ca-cert.pem"))],
      ["an authority's directory", () => rm(inside("root-1"), { recursive: true })],
      ["the content of an authority", () => empty(inside("intermediate-1"))],
    ] as const) {
      it(`never replaces an authority when ${what} is missing`, async () => {
        await open();
        await lose();
        await rejectsWithCode(open(), "AUTHORITY_INCOMPLETE");
      });
    }

    it("rejects an authority whose file was truncated at any of several lengths", async () => {
      await open();
      for (const name of ["ca-key.pem", "ca-cert.pem"]) {
        const path = inside("root-1", name);
        const whole = await readFile(path);
        for (const length of [0, 1, 30, whole.length >> 1, whole.length - 2]) {
          await writeFile(path, whole.subarray(0, length));
          await rejectsWithCode(open(), "AUTHORITY_MALFORMED");
        }
        await writeFile(path, whole);
      }
      await open();
    });
  });

  describe("damaged or foreign authorities", () => {
    it("rejects a key that group or other users may read", async () => {
      await open();
      for (const mode of [0o640, 0o604, 0o644, 0o660]) {
        await chmod(inside("intermediate-1", "ca-key.pem"), mode);
        await rejectsWithCode(open(), "AUTHORITY_KEY_EXPOSED");
      }
    });

    it("rejects a directory of keys that other users may enter", async () => {
      await open();
      await chmod(inside(), 0o755);
      await rejectsWithCode(open(), "DIRECTORY_UNSAFE");
    });

    it("rejects a key and a certificate that do not match", async () => {
      await open();
      await writeFile(inside("root-1", "ca-key.pem"), (await createKeyPair("P-256")).toPkcs8Pem());
      await rejectsWithCode(open(), "AUTHORITY_MISMATCH");
    });

    it("rejects an authority that was replaced by another complete one", async () => {
      await open();
      for (const name of ["ca-key.pem", "ca-cert.pem"]) {
        await copyFile(inside("root-1", name), inside("intermediate-1", name));
      }
      const { message } = await rejectsWithCode(open(), "AUTHORITY_MISMATCH");
      assert.match(message, /differs from the one in the state of intermediate-1/);
    });

    it("rejects a key behind a symbolic link", async () => {
      await open();
      await copyFile(inside("root-1", "ca-key.pem"), directory.join("elsewhere.pem"));
      await rm(inside("root-1", "ca-key.pem"));
      await symlink(directory.join("elsewhere.pem"), inside("root-1", "ca-key.pem"));
      await rejectsWithCode(open(), "AUTHORITY_MALFORMED");
    });

    it("rejects authorities of another trust domain", async () => {
      await open();
      const { message } = await rejectsWithCode(open({ trustDomain: "other.test" }), "AUTHORITY_MISMATCH");
      assert.match(message, /"O=cluster\.local", expected O=other\.test/);
    });

    it("starts from the moment at which the root expires without an issuer, and names the way out", async () => {
      const { keeper } = await open();
      const { notAfter } = rootOf(keeper.state, keeper.state.signerId).certificate;
      clock.jump(notAfter.getTime() - clock.now().getTime() - 1);
      await open();
      clock.jump(1);
      const { keeper: opened, driver } = await open();
      await driver.look(true);
      assert.throws(() => opened.activeIssuer(clock.now()), /run kasbah authority rotate --root/);
      assert.equal(opened.state.authorities.length, 2, "no root is created without the operator");
    });
  });

  describe("encrypted keys", () => {
    const passphrase = new Secret("correct horse");

    it("does not open encrypted keys without the passphrase or with another one", async () => {
      await open({ passphrase });
      await rejectsWithCode(open(), "KEY_PASSPHRASE_MISSING");
      await rejectsWithCode(open({ passphrase: new Secret("wrong") }), "KEY_PASSPHRASE_WRONG");
      await open({ passphrase });
    });

    it("stores no plain key with a passphrase, and OpenSSL can decrypt the stored keys with it", async () => {
      await open({ passphrase });
      for (const id of ["root-1", "intermediate-1"]) {
        const pem = await readFile(inside(id, "ca-key.pem"), "utf8");
        assert.match(pem, /^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
        execFileSync("openssl", ["pkey", "-noout", "-passin", "pass:correct horse"], { input: pem });
      }
    });

    it("encrypts existing keys when a passphrase is added later, and keeps the same keys", async () => {
      const before = await fingerprints();
      const { keeper } = await open({ passphrase });
      const after = keeper.state.authorities.map(({ certificate }) => certificate.fingerprint);
      assert.deepEqual(after, before);
      assert.match(
        await readFile(inside("root-1", "ca-key.pem"), "utf8"),
        /^-----BEGIN ENCRYPTED PRIVATE KEY/,
      );
      assert.equal((await stat(inside("root-1", "ca-key.pem"))).mode & 0o777, 0o600);
    });
  });

  it("creates a root and a signing intermediate once, and loads them afterwards", async () => {
    const { keeper } = await open();
    const { authorities, signerId, servingSignerId, epoch } = keeper.state;
    assert.deepEqual(
      authorities.map(({ id, stage, origin }) => [id, stage, origin]),
      [
        ["root-1", "active", "self-signed"],
        ["intermediate-1", "active", "self-signed"],
      ],
    );
    assert.deepEqual([signerId, servingSignerId, epoch], ["intermediate-1", "intermediate-1", 1]);
    assert.deepEqual(
      await fingerprints(),
      authorities.map(({ certificate }) => certificate.fingerprint),
    );
  });

  it("adopts the key that was created before a crash interrupted the write of the state", async () => {
    const before = await fingerprints();
    // Simulates a crash after the keys are stored and before the state names them.
    await rm(directory.join("control", "state-0.json"));
    assert.deepEqual(await fingerprints(), before);
    assert.deepEqual((await readdir(inside())).sort(), ["intermediate-1", "root-1"]);
  });

  it("issues a root for ten years and an intermediate for one year, valid since two days ago", async () => {
    const { keeper } = await open();
    const [root, intermediate] = keeper.state.authorities.map(({ certificate }) => certificate);
    assert.equal(root?.notBefore.toISOString(), "2029-12-30T00:00:00.000Z");
    assert.equal(root?.notAfter.toISOString(), "2039-12-30T00:00:00.000Z");
    assert.equal(intermediate?.notAfter.toISOString(), "2031-01-01T00:00:00.000Z");
  });

  it("creates only a root when no intermediate is configured, as in Istio's chain of two", async () => {
    const { keeper } = await open({ withIntermediate: false });
    const issuer = keeper.activeIssuer(clock.now());
    assert.deepEqual([issuer.authorityId, issuer.intermediates], ["root-1", []]);
  });

  it("creates keys of the configured type, and no intermediate that outlives its root", async () => {
    const { keeper } = await open({
      keyType: "P-384",
      rootTtlMs: 30 * dayMs,
      intermediateTtlMs: 300 * dayMs,
    });
    const [root, intermediate] = keeper.state.authorities;
    assert.ok(root && intermediate);
    assert.deepEqual(
      [root, intermediate].map(({ certificate }) => certificate.publicKey.type),
      ["P-384", "P-384"],
    );
    assert.equal(intermediate.certificate.notAfter.getTime(), root.certificate.notAfter.getTime());
  });

  it("limits the intermediate to the trust domain only if that is configured", async () => {
    const { keeper } = await open({ nameConstraints: true });
    const { certificate } = authorityOf(keeper.state, keeper.state.signerId);
    assert.equal(certificate.extensions.nameConstraints?.permitted.length, 1);
  });

  it("opens without the key of a retiring authority, which no longer signs", async () => {
    const { keeper, driver } = await open();
    await keeper.coverLeaf(keeper.activeIssuer(clock.now()), new Date(clock.now().getTime() + dayMs));
    await driver.rotate("intermediate");
    await driver.look(false);
    clock.jump(2 * dayMs);
    await keeper.coverLeaf(keeper.activeIssuer(clock.now()), new Date(clock.now().getTime() + dayMs));
    await driver.look(false);
    assert.equal(keeper.state.rotation?.stage, "retiring");
    // Simulates the loss of the state in which the authority had retired and its key had been destroyed.
    await rm(inside("intermediate-1", "ca-key.pem"));
    await open();
  });

  it("continues from the previous generation when the last one is damaged, and assumes the longest lifetime for unknown leaves", async () => {
    const { keeper } = await open();
    const issuer = keeper.activeIssuer(clock.now());
    await keeper.coverLeaf(issuer, new Date(clock.now().getTime() + dayMs));
    const names = await readdir(directory.join("control"));
    const documents = await Promise.all(
      names.map(async (name) => ({
        name,
        ...JSON.parse(await readFile(directory.join("control", name), "utf8")),
      })),
    );
    const last = documents.sort((a, b) => b.generation - a.generation)[0];
    await writeFile(directory.join("control", last.name), "torn");
    const { keeper: recovered, logger } = await open();
    assert.ok(recovered.state.epoch > keeper.state.epoch);
    assert.ok(logger.events.some(({ level }) => level === "warn"));
    const signer = authorityOf(recovered.state, recovered.state.signerId);
    assert.equal(signer.leafHorizon.getTime(), clock.now().getTime() + 90 * dayMs);
  });
});

async function empty(path: string): Promise<void> {
  await rm(path, { recursive: true });
  await mkdir(path);
}
