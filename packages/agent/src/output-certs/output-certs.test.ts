import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdir, readdir, readFile, realpath, rm, stat, symlink, writeFile } from "node:fs/promises";
import { TrustBundle } from "@kasbah/pki";
import { createRegistry, nodeFs, type Registry, systemClock, watchDirectory } from "@kasbah/runtime";
import {
  createTestAuthority,
  eventually,
  FakeClock,
  faultyFs,
  mintSecret,
  type RecordingLogger,
  recordingLogger,
  type TemporaryDirectory,
  type TestAuthority,
  temporaryDirectory,
} from "@kasbah/testkit";
import { outputLayout } from "../config/output/layout.ts";
import { SecretStore, type WorkloadSecret } from "../secret/secret-store.ts";
import { createFileMetrics } from "./file-metrics.ts";
import { OutputCerts, type OutputCertsDeps } from "./output-certs.ts";
import { DirectoryOwner } from "./owner/directory-owner.ts";
import { renderFiles } from "./shapes/render-files.ts";

const start = new Date("2030-01-01T00:00:00Z");

describe("OutputCerts", () => {
  let ground: TemporaryDirectory;
  let directory: string;
  let authority: TestAuthority;
  let store: SecretStore;
  let registry: Registry;
  let logger: RecordingLogger;
  let clock: FakeClock;
  let output: OutputCerts;
  let written: WorkloadSecret[];

  before(async () => {
    authority = await createTestAuthority();
  });
  beforeEach(async () => {
    ground = await temporaryDirectory();
    directory = ground.join("certs");
    clock = new FakeClock(start);
    store = new SecretStore(clock);
    registry = createRegistry({ name: "kasbah-agent", version: "0" });
    logger = recordingLogger();
    written = [];
  });
  afterEach(async () => {
    await output.stop();
    await ground.remove();
  });

  const begin = async (more: Partial<OutputCertsDeps> = {}) => {
    const { writes, repairs } = createFileMetrics(registry);
    const onWritten = (secret: WorkloadSecret) => written.push(secret);
    const owner = new DirectoryOwner({ directory, describe: () => "test", logger });
    const parts = {
      directory,
      keyMode: 0o600,
      isRepairing: true,
      store,
      onWritten,
      owner,
      writes,
      repairs,
      clock,
      roll: () => 0.5,
      logger,
      watchDirectory,
    };
    const layout = outputLayout({
      outputFormats: [["pem"]],
      outputNames: [],
      outputCertsMode: more.keyMode ?? parts.keyMode,
      outputPublicMode: 0o644,
    });
    const render = (secret: WorkloadSecret) => renderFiles(secret, layout);
    output = new OutputCerts({ ...parts, render, ...more });
    await output.start();
  };
  const mint = () => mintSecret({ authority, receivedAt: start, ttlMs: 3_600_000 });
  const publish = async () => {
    const secret = await mint();
    store.publish(secret);
    await eventually(async () => {
      await clock.runFor(100);
      return written.at(-1)?.leaf === secret.leaf;
    });
    return secret;
  };
  const read = (name: string) => readFile(`${directory}/${name}`, "utf8");
  const metric = async (name: string) =>
    Number(
      (await registry.metrics())
        .split("\n")
        .find((line) => line.startsWith(name))
        ?.split(" ")[1],
    );

  for (const [row, errno] of [
    ["row 9, disk full", "ENOSPC"],
    ["row 10, read-only", "EROFS"],
  ] as const) {
    it(`keeps the previous files while they cannot be written (${row}), and updates them once they can be`, async () => {
      let isBroken = false;
      const mkdtemp = (prefix: string) => (isBroken ? faultyFs(1, errno) : nodeFs).mkdtemp(prefix);
      await begin({ fs: { ...nodeFs, symlink, mkdtemp } });
      const first = await publish();
      isBroken = true;
      const second = await mint();
      store.publish(second);
      await eventually(async () => {
        await clock.runFor(100);
        return output.problem !== undefined;
      });
      assert.match(String(output.problem), new RegExp(errno));
      assert.equal(await metric('kasbah_agent_output_certs_writes{result="failed"}'), 1);
      assert.equal(await read("cert-chain.pem"), first.leaf.toPem());
      assert.equal(store.current?.leaf, second.leaf);
      isBroken = false;
      await clock.runFor(60_000);
      await eventually(() => written.at(-1)?.leaf === second.leaf);
      assert.equal(await read("cert-chain.pem"), second.leaf.toPem());
      assert.equal(output.problem, undefined);
    });
  }

  it("does not log the key if the files cannot be written", async () => {
    await mkdir(`${directory}/key.pem`, { recursive: true });
    await begin();
    store.publish(await mint());
    await eventually(() => output.problem !== undefined);
    assert.ok(!JSON.stringify(logger.events).includes("PRIVATE KEY"));
  });

  it("shows readers of ..data a matching pair at all times, rotation after rotation", async () => {
    await begin({ clock: systemClock });
    await publish();
    let isDone = false;
    let reads = 0;
    const reading = (async () => {
      while (!isDone) {
        const version = await realpath(`${directory}/..data`);
        const [key, chain] = await Promise.all(
          ["key.pem", "cert-chain.pem"].map((name) => readFile(`${version}/${name}`, "utf8")),
        );
        assert.ok(new X509Certificate(String(chain)).checkPrivateKey(createPrivateKey(String(key))));
        reads += 1;
      }
    })();
    for (let round = 0; round < 4; round += 1) await publish();
    isDone = true;
    await reading;
    assert.ok(reads > 0);
  });

  it("writes the files without SDS clients, with a private key file", async () => {
    await begin();
    const { leaf, bundle } = await publish();
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
    assert.equal((await stat(`${directory}/key.pem`)).mode & 0o777, 0o600);
    assert.equal((await stat(`${directory}/root-cert.pem`)).mode & 0o777, 0o644);
    assert.ok((await read("key.pem")).startsWith("-----BEGIN EC PRIVATE KEY-----\n"));
    assert.equal(await read("cert-chain.pem"), leaf.toPem());
    assert.equal(await read("root-cert.pem"), bundle.toPem());
  });

  it("writes the files again if only the roots change, and not if nothing changes", async () => {
    await begin();
    const secret = await publish();
    const other = await createTestAuthority("Other");
    store.publishBundle(TrustBundle.from([authority.certificate, other.certificate]));
    await eventually(async () => {
      await clock.runFor(100);
      return written.length === 2;
    });
    assert.equal(await read("root-cert.pem"), authority.rootPem + other.rootPem);
    assert.equal(await read("cert-chain.pem"), secret.leaf.toPem());
    const version = await realpath(`${directory}/..data`);
    store.publish({ ...(store.current ?? secret) });
    await clock.runFor(1_000);
    assert.equal(await realpath(`${directory}/..data`), version);
    assert.equal(await metric('kasbah_agent_output_certs_writes{result="ok"}'), 2);
  });

  it("repairs files that were changed or removed, at the latest with the next secret", async () => {
    await begin();
    await publish();
    await writeFile(`${directory}/..data/key.pem`, "tampered");
    await rm(`${directory}/root-cert.pem`);
    const { leaf, bundle } = await publish();
    assert.ok(leaf.publicKey.keyObject.equals(new X509Certificate(await read("cert-chain.pem")).publicKey));
    assert.equal(await read("root-cert.pem"), bundle.toPem());
  });

  it("runs the command after a start even if the files exist, because the last process may have died before it", async () => {
    await begin();
    const secret = await publish();
    await output.stop();
    written = [];
    registry = createRegistry({ name: "kasbah-agent", version: "0" });
    await begin();
    await eventually(() => written.length === 1);
    assert.equal(written[0]?.leaf, secret.leaf);
    assert.equal(await metric('kasbah_agent_output_certs_writes{result="ok"}'), 0);
  });

  it("keeps the previous version for a minute and removes it afterwards", async () => {
    await begin();
    for (let round = 0; round < 3; round += 1) await publish();
    const versions = async () => (await readdir(directory)).filter((name) => /^\.\.kasbah-\d/.test(name));
    // The follower, the removal of the previous version and the watch all wait on the clock now.
    await eventually(async () => (await versions()).length === 2 && clock.sleeping === 3);
    await clock.runFor(61_000);
    await eventually(async () => (await versions()).length === 1);
  });

  it("keeps the mode of an existing directory, and creates one that is as restricted as the key", async () => {
    await mkdir(directory, { mode: 0o755 });
    await begin();
    await publish();
    assert.equal((await stat(directory)).mode & 0o777, 0o755);
    await output.stop();
    directory = ground.join("shared");
    registry = createRegistry({ name: "kasbah-agent", version: "0" });
    await begin({ keyMode: 0o640 });
    await publish();
    assert.equal((await stat(directory)).mode & 0o777, 0o755);
    assert.equal((await stat(`${directory}/key.pem`)).mode & 0o777, 0o640);
  });
});
