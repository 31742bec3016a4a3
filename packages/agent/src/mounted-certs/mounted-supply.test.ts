import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { createKeyPair, TrustBundle } from "@kasbah/pki";
import { systemClock } from "@kasbah/runtime";
import {
  createTestAuthority,
  eventually,
  mintSecret,
  mountKubeletVolume,
  recordingLogger,
  type TemporaryDirectory,
  type TestAuthority,
  temporaryDirectory,
} from "@kasbah/testkit";
import type { RotationFailure } from "../rotation/rotator.ts";
import { SecretStore, type WorkloadSecret } from "../secret/secret-store.ts";
import { findMountedCerts } from "./find-mounted-certs.ts";
import { MountedSupply } from "./mounted-supply.ts";

const hourMs = 3_600_000;

describe("MountedSupply", () => {
  let directory: TemporaryDirectory;
  let authority: TestAuthority;
  let store: SecretStore;
  let supply: MountedSupply;
  let published: WorkloadSecret[];
  let failures: RotationFailure[];

  before(async () => {
    authority = await createTestAuthority();
  });
  beforeEach(async () => {
    directory = await temporaryDirectory();
    store = new SecretStore(systemClock);
    published = [];
    failures = [];
    supply = new MountedSupply({
      directory: directory.path,
      keyFormat: "traditional",
      store,
      observer: { onRotated: (one) => published.push(one), onFailed: (one) => failures.push(one) },
      clock: systemClock,
      logger: recordingLogger(),
      pollMs: 50,
    });
  });
  afterEach(async () => {
    await supply.stop();
    await directory.remove();
  });

  const mint = (more: Partial<Parameters<typeof mintSecret>[0]> = {}) => {
    const receivedAt = new Date(Math.floor(systemClock.now().getTime() / 1000) * 1000);
    return mintSecret({ authority, receivedAt, ttlMs: hourMs, ...more });
  };
  type Minted = Awaited<ReturnType<typeof mintSecret>>;
  const secretFiles = ({ keyPair, leaf, bundle }: Minted): Record<string, string> => ({
    "key.pem": keyPair.toPkcs8Pem(),
    "cert-chain.pem": leaf.toPem(),
    "root-cert.pem": bundle.toPem(),
  });
  const writeTo = async (path: string, files: Record<string, string>) => {
    // Roots first and the key last, so that no part of an invalid set is a valid set.
    for (const [name, text] of Object.entries(files).toReversed()) await writeFile(`${path}/${name}`, text);
  };

  const bad: Record<string, () => Promise<Record<string, string>>> = {
    "with a different key": async () => ({
      ...secretFiles(await mint()),
      "key.pem": (await createKeyPair("P-256")).toPkcs8Pem(),
    }),
    "under another root": async () => ({
      ...secretFiles(await mint()),
      "root-cert.pem": (await createTestAuthority("Stranger")).rootPem,
    }),
    "that have expired": async () =>
      secretFiles(await mint({ receivedAt: new Date("2026-01-01T00:00:00Z") })),
    "that are not yet valid": async () =>
      secretFiles(await mint({ receivedAt: new Date("2044-01-01T00:00:00Z") })),
    "without a SPIFFE ID": async () => {
      const secret = await mint();
      const names = [{ kind: "dns" as const, value: "example.org" }];
      return secretFiles({
        ...secret,
        leaf: await authority.issue({ publicKey: secret.keyPair.publicKey, names }),
      });
    },
    "whose roots are leaves": async () => {
      const secret = await mint();
      return { ...secretFiles(secret), "root-cert.pem": secret.leaf.toPem() };
    },
    "with malformed contents": async () => ({ ...secretFiles(await mint()), "cert-chain.pem": "rubbish" }),
    "of one megabyte": async () => ({ ...secretFiles(await mint()), "root-cert.pem": "x".repeat(1_000_000) }),
  };
  for (const [what, make] of Object.entries(bad)) {
    it(`does not serve mounted certificates ${what}, and keeps the previous secret`, async () => {
      await writeTo(directory.path, secretFiles(await mint()));
      await supply.start();
      const before = store.current;
      assert.ok(before);
      await writeTo(directory.path, await make());
      await eventually(() => failures.length > 0);
      assert.equal(failures[0]?.code, "MOUNTED_CERTS_INVALID");
      assert.equal(store.current, before);
    });
  }

  it("serves mounted certificates from the start", async () => {
    const minted = await mint();
    await writeTo(directory.path, secretFiles(minted));
    await supply.start();
    assert.ok(store.unexpired?.leaf.equals(minted.leaf));
    assert.equal(store.current?.spiffeId.toString(), minted.spiffeId.toString());
    assert.ok(store.current?.bundle.equals(TrustBundle.from([authority.certificate])));
    assert.equal(published.length, 1);
  });

  it("serves files with text around their blocks, and omits the root from the chain", async () => {
    const files = secretFiles(await mint());
    const chain = `Certificate:\n    Data: ...\n${files["cert-chain.pem"]}${authority.rootPem}`;
    await writeTo(directory.path, { ...files, "cert-chain.pem": chain });
    await supply.start();
    assert.deepEqual(store.current?.intermediates, []);
  });

  it("waits for files that do not exist yet", async () => {
    await supply.start();
    assert.equal(failures[0]?.code, "MOUNTED_CERTS_INVALID");
    assert.match(String(failures[0]?.error), /ENOENT/);
    await writeTo(directory.path, secretFiles(await mint()));
    await eventually(() => store.current !== undefined);
  });

  it("serves a matching pair through fifty swaps by the kubelet", async () => {
    let last = await mint();
    const volume = await mountKubeletVolume(directory.path, secretFiles(last));
    await supply.start();
    for (let version = 1; version <= 50; version += 1) {
      last = await mint();
      await volume.swap(secretFiles(last));
      await systemClock.sleep(version % 7);
    }
    await eventually(() => store.current?.leaf.equals(last.leaf) === true);
    for (const { leaf, keyPair } of published) assert.ok(leaf.publicKey.equals(keyPair.publicKey));
  });

  it("reports an overdue renewal when a fifth of the lifetime is left", async () => {
    const nowMs = Math.floor(systemClock.now().getTime() / 1000) * 1000;
    const receivedAt = new Date(nowMs - hourMs);
    await writeTo(directory.path, secretFiles(await mint({ receivedAt, ttlMs: 1.1 * hourMs })));
    await supply.start();
    assert.equal(store.state(), "stale");
    assert.match(supply.warnings().join(), /have not been renewed/);
  });

  it("replaces a CA if all three files exist or if configured", async () => {
    const { "key.pem": key = "", ...others } = secretFiles(await mint());
    await writeTo(directory.path, others);
    const found = (fileMountedCerts: boolean) =>
      findMountedCerts({ fileMountedCerts, mountedCertsDir: directory.path });
    assert.equal(await found(false), undefined);
    assert.equal(await found(true), directory.path, "they are awaited");
    await writeTo(directory.path, { "key.pem": key });
    assert.equal(await found(false), directory.path);
  });
});
