import assert from "node:assert/strict";
import { mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { TrustBundle } from "@kasbah/pki";
import { systemClock } from "@kasbah/runtime";
import {
  createTestAuthority,
  eventually,
  mintSecret,
  type RecordingLogger,
  recordingLogger,
  type TemporaryDirectory,
  type TestAuthority,
  temporaryDirectory,
} from "@kasbah/testkit";
import { SecretStore, type WorkloadSecret } from "../../secret/secret-store.ts";
import { HeldRoots } from "./held-roots.ts";
import { watchRootFile } from "./root-file-watch.ts";

describe("watchRootFile", () => {
  let directory: TemporaryDirectory;
  let path: string;
  let store: SecretStore;
  let roots: HeldRoots;
  let logger: RecordingLogger;
  let published: WorkloadSecret[];
  let first: WorkloadSecret;
  let old: TestAuthority;
  let next: TestAuthority;
  let stop: () => Promise<void>;

  before(async () => {
    [old, next] = await Promise.all([createTestAuthority("Old"), createTestAuthority("Next")]);
  });

  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = directory.join("root-cert.pem");
    await writeFile(path, old.rootPem);
    store = new SecretStore(systemClock);
    logger = recordingLogger();
    roots = new HeldRoots(path, logger);
    await roots.load();
    const minted = await mintSecret({
      receivedAt: new Date(Math.floor(systemClock.now().getTime() / 1000) * 1000),
      ttlMs: 3_600_000,
    });
    first = { ...minted, bundle: bundle(old) };
    published = [];
    const watch = watchRootFile({ path, roots, store, clock: systemClock, logger });
    await watch.start();
    stop = () => watch.stop();
  });
  afterEach(async () => {
    await stop();
    await directory.remove();
  });

  const bundle = (...authorities: TestAuthority[]) =>
    TrustBundle.from(authorities.map(({ certificate }) => certificate));
  const publishFirst = () => {
    store.publish(first);
    store.subscribe((secret) => published.push(secret));
  };

  it("keeps the bundle and logs a warning if the root file becomes malformed", async () => {
    publishFirst();
    await writeFile(path, "rubbish");
    await eventually(() => logger.events.some(({ level }) => level === "warn"));
    await systemClock.sleep(300);
    assert.deepEqual(
      published.filter((secret) => !secret.bundle.equals(bundle(old))),
      [],
    );
  });

  it("publishes new roots immediately with the same key and leaf", async () => {
    publishFirst();
    await writeFile(path, old.rootPem + next.rootPem);
    await eventually(() => published.length > 0);
    const [secret] = published;
    assert.ok(secret);
    assert.ok(secret.bundle.equals(bundle(old, next)));
    assert.equal(secret.keyPair, first.keyPair);
    assert.equal(secret.leaf, first.leaf);
  });

  it("keeps the roots learned from the CA if a root is removed from the file", async () => {
    roots.learn(bundle(old, next));
    publishFirst();
    await writeFile(path, next.rootPem);
    await eventually(() => published.length > 0);
    assert.ok(published.at(-1)?.bundle.equals(bundle(next, old)));
  });

  it("follows the kubelet's swap of a linked directory of roots", async () => {
    publishFirst();
    await mkdir(directory.join("..v1"));
    await writeFile(directory.join("..v1", "root-cert.pem"), old.rootPem + next.rootPem);
    await symlink("..v1", directory.join("..data"));
    await symlink("..data/root-cert.pem", directory.join("link"));
    await rename(directory.join("link"), path);
    await eventually(() => published.length > 0);
    assert.ok(published.at(-1)?.bundle.equals(bundle(old, next)));
  });

  it("publishes no roots before the first secret", async () => {
    await writeFile(path, next.rootPem);
    await eventually(() => logger.events.some(({ event }) => event === "root file changed"));
    assert.equal(store.current, undefined);
  });
});
