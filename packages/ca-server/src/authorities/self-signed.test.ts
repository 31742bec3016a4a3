import assert from "node:assert/strict";
import { chmod, copyFile, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createKeyPair, createSerial, parseTrustDomain } from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import {
  FakeClock,
  recordingLogger,
  rejectsWithCode,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { loadOrCreateRoot, type SelfSignedParts } from "./self-signed.ts";

const writer = createCertificateWriter();

describe("The self-signed root", () => {
  let directory: TemporaryDirectory;
  let authorities: string;
  let clock: FakeClock;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    authorities = directory.join("authorities");
    clock = new FakeClock("2030-01-01T00:00:00.750Z");
  });

  afterEach(() => directory.remove());

  const load = (overrides: Partial<SelfSignedParts> = {}) =>
    loadOrCreateRoot({
      directory: authorities,
      trustDomain: parseTrustDomain("cluster.local"),
      hadRoot: async () => false,
      writer,
      newSerial: createSerial,
      clock,
      logger: recordingLogger(),
      ...overrides,
    });
  const inRoot = (name: string) => directory.join("authorities", "root", name);

  describe("that is not whole", () => {
    it("is never replaced when one of its files is missing", async () => {
      for (const name of ["ca-key.pem", "ca-cert.pem"]) {
        await load();
        await rm(inRoot(name));
        const before = await readdir(inRoot("."));
        const error = await rejectsWithCode(load(), "AUTHORITY_INCOMPLETE");
        assert.match(error.message, new RegExp(`${name} is missing: restore it`));
        assert.deepEqual(await readdir(inRoot(".")), before);
        await rm(inRoot("."), { recursive: true });
      }
    });

    it("is never replaced when its directory is empty", async () => {
      await load();
      await rm(inRoot("."), { recursive: true });
      await mkdir(inRoot("."));
      await rejectsWithCode(load(), "AUTHORITY_INCOMPLETE");
      assert.deepEqual(await readdir(inRoot(".")), []);
    });

    it("is never replaced when it is gone from a CA that had one", async () => {
      const error = await rejectsWithCode(load({ hadRoot: async () => true }), "AUTHORITY_INCOMPLETE");
      assert.match(error.message, /restore it; a new root would cut off every client/);
      assert.deepEqual(await readdir(authorities), []);
    });

    it("is refused when a file was cut at any of several lengths", async () => {
      await load();
      for (const name of ["ca-key.pem", "ca-cert.pem"]) {
        const whole = await readFile(inRoot(name));
        for (const length of [0, 1, 30, whole.length >> 1, whole.length - 2]) {
          await writeFile(inRoot(name), whole.subarray(0, length));
          await rejectsWithCode(load(), "AUTHORITY_MALFORMED");
        }
        await writeFile(inRoot(name), whole);
      }
      await load();
    });
  });

  describe("that is not sound", () => {
    it("is refused when group or others may read its key", async () => {
      await load();
      for (const mode of [0o640, 0o604, 0o644, 0o660]) {
        await chmod(inRoot("ca-key.pem"), mode);
        await rejectsWithCode(load(), "AUTHORITY_KEY_EXPOSED");
      }
    });

    it("is refused when its directory is open to others", async () => {
      await load();
      await chmod(authorities, 0o755);
      await rejectsWithCode(load(), "DIRECTORY_UNSAFE");
    });

    it("is refused when key and certificate do not belong together", async () => {
      await load();
      await writeFile(inRoot("ca-key.pem"), (await createKeyPair("P-256")).toPkcs8Pem());
      await rejectsWithCode(load(), "AUTHORITY_MISMATCH");
    });

    it("is refused when its key is reached through a symbolic link", async () => {
      await load();
      await copyFile(inRoot("ca-key.pem"), directory.join("elsewhere.pem"));
      await rm(inRoot("ca-key.pem"));
      await symlink(directory.join("elsewhere.pem"), inRoot("ca-key.pem"));
      await rejectsWithCode(load(), "AUTHORITY_MALFORMED");
    });

    it("is refused when it belongs to another trust domain", async () => {
      await load();
      const error = await rejectsWithCode(
        load({ trustDomain: parseTrustDomain("other.test") }),
        "AUTHORITY_MISMATCH",
      );
      assert.match(error.message, /"O=cluster\.local", expected O=other\.test/);
    });

    it("is refused from the moment in which it ends", async () => {
      const { certificate } = await load();
      clock.jump(certificate.notAfter.getTime() - clock.now().getTime() - 1);
      await load();
      clock.jump(1);
      await rejectsWithCode(load(), "AUTHORITY_EXPIRED");
    });
  });

  it("is one, however many start together", async () => {
    const roots = await Promise.all(Array.from({ length: 8 }, () => load()));
    const fingerprints = new Set(roots.map(({ certificate }) => certificate.fingerprint));
    assert.equal(fingerprints.size, 1);
    assert.deepEqual(await readdir(authorities), ["root"], "the losers leave nothing behind");
    for (const { certificate, keyPair } of roots) assert.ok(certificate.publicKey.equals(keyPair.publicKey));
  });

  it("is made once and loaded afterwards, with its key for its owner alone", async () => {
    const made = await load();
    const loaded = await load({ hadRoot: async () => true });
    assert.ok(loaded.certificate.equals(made.certificate));
    assert.equal((await stat(inRoot("ca-key.pem"))).mode & 0o777, 0o600);
    assert.equal((await stat(inRoot("."))).mode & 0o777, 0o700);
    assert.equal((await stat(authorities)).mode & 0o777, 0o700);
  });

  it("lives ten years from two minutes ago, on P-256", async () => {
    const { certificate } = await load();
    assert.equal(certificate.notBefore.toISOString(), "2029-12-31T23:58:00.000Z");
    assert.equal(certificate.notAfter.getTime() - certificate.notBefore.getTime(), 3650 * 86_400_000);
    assert.equal(certificate.publicKey.type, "P-256");
    assert.ok(certificate.isCa && certificate.isIssuedBy(certificate));
  });
});
