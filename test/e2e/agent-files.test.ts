import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "node:tls";
import { parseCertificates, parsePrivateKey, parseTrustBundle, verifyChain } from "@kasbah/pki";
import { systemClock } from "@kasbah/runtime";
import {
  type FakeCa,
  freePort,
  mintSecret,
  startFakeCa,
  type TemporaryDirectory,
  temporaryDirectory,
  untilSeen,
} from "@kasbah/testkit";
import type { AgentProcess } from "../harness/agent-process.ts";
import { CaProcess } from "../harness/ca-process.ts";
import { LoggedProcess } from "../harness/logged-process.ts";
import { Pod, type PodOptions } from "../harness/pod.ts";
import { fetchLeaf } from "../harness/sds-client.ts";
import { mintDemoToken, saveIssuer } from "../harness/token-issuer.ts";
import { patienceMs } from "../harness/until.ts";

const kills = Number(process.env["KASBAH_KILLS"] ?? 20);
/** Kills span the time from before the first byte is written until well after the last. */
const longestWriteMs = 60;

describe("Agent with output files", function () {
  this.timeout(300_000);
  let directory: TemporaryDirectory;
  let ca: FakeCa;
  let pods: Pod[];
  let others: LoggedProcess[];

  beforeEach(async () => {
    directory = await temporaryDirectory();
    ca = await startFakeCa({ now: () => systemClock.now() });
    [pods, others] = [[], []];
  });
  afterEach(async () => {
    for (const pod of pods) await pod[Symbol.asyncDispose]();
    for (const other of others) await other.kill();
    await ca.close();
    await directory.remove();
  });

  const certs = () => directory.join("certs");
  const makePod = async (flags: Readonly<Record<string, string>>, more: Partial<PodOptions> = {}) => {
    const pod = await Pod.create({ ca, flags, ...more });
    pods.push(pod);
    return pod;
  };
  const startAgent = async (flags: Readonly<Record<string, string>>): Promise<AgentProcess> =>
    (await makePod(flags)).start();
  const startOther = (title: string, ...args: readonly string[]): LoggedProcess => {
    const other = new LoggedProcess({ title, command: [process.execPath, ...args] });
    others.push(other);
    return other;
  };
  const readPair = async () => {
    const version = await realpath(join(certs(), "..data"));
    const names = ["key.pem", "cert-chain.pem", "root-cert.pem"];
    const [key = "", chain = "", roots = ""] = await Promise.all(
      names.map((name) => readFile(join(version, name), "utf8")),
    );
    const [leaf, ...intermediates] = parseCertificates(chain);
    assert.ok(leaf);
    assert.ok(leaf.publicKey.equals(parsePrivateKey(key).publicKey), "the key does not match the chain");
    verifyChain({ leaf, intermediates, bundle: parseTrustBundle(roots), now: systemClock.now() });
    return { leaf, key };
  };

  it(`leaves a complete set of files after each of ${kills} kills, while another process reads them continuously`, async () => {
    let isDone = false;
    const seen = new Set<string>();
    const reading = (async () => {
      while (!isDone) {
        const names: readonly string[] = await readdir(certs()).catch(() => []);
        if (names.includes("..data")) seen.add((await readPair()).leaf.serial);
        else await systemClock.sleep(1);
      }
    })();
    // A failure must surface immediately and not as an unhandled rejection.
    const failed = reading.then(
      () => undefined,
      (error: unknown) => error,
    );
    try {
      const pod = await makePod({ "--output-certs": certs() });
      for (let i = 0; i < kills; i += 1) {
        const agent = pod.start();
        // However slow the disk, some runs end with their own set of files; the others are killed while they
        // write it.
        await agent.logged(i % 4 === 0 ? "certificates written" : "secret published");
        await systemClock.sleep((i * 7) % longestWriteMs);
        await agent.kill();
        seen.add((await readPair()).leaf.serial);
      }
      await pod.start().logged("certificates written");
    } finally {
      isDone = true;
      await failed;
    }
    assert.equal(await failed, undefined);
    assert.ok(seen.size >= kills / 4, `only ${seen.size} runs wrote a set`);
    await readPair();
  });

  it("reloads a TLS server with its command, after which the server presents the new certificate", async () => {
    ca.ttlMs = 8_000;
    const port = await freePort();
    const server = directory.join("server.mjs");
    await writeFile(server, tlsServer);
    const pidFile = directory.join("pid");
    const command = `if test -e ${pidFile}; then kill -HUP "$(cat ${pidFile})"; fi`;
    const agent = await startAgent({ "--output-certs": certs(), "--on-rotate": command });
    await agent.logged("certificates written");
    const tls = startOther("a running TLS server", server, certs(), String(port), pidFile);
    await tls.logged("listening");
    const first = await shownBy(port);
    const next = await untilSeen("new certificate", patienceMs, async () => {
      const shown = await shownBy(port);
      return shown === first ? undefined : shown;
    });
    assert.notEqual(next, first);
    assert.equal((await agent.logged("on-rotate command ran"))["exitCode"], 0);
  });

  it("stays ready and warns if its command fails", async () => {
    const agent = await startAgent({
      "--output-certs": certs(),
      "--on-rotate": "echo no such program >&2; exit 3",
    });
    const { output } = await agent.logged("on-rotate command failed");
    assert.deepEqual(output, ["no such program"]);
    const { ready, warnings } = await agent.readiness();
    assert.equal(ready, true);
    assert.match(warnings?.join() ?? "", /on-rotate command failed: exit code 3/);
    assert.equal(await agent.metric('kasbah_agent_on_rotate_runs{result="failed"}'), 1);
    assert.equal(await agent.metric('kasbah_agent_output_certs_writes{result="ok"}'), 1);
  });

  it("passes its environment to its command, except the headers for the CA and the proxy's password", async () => {
    const seen = directory.join("environment");
    const flags = { "--output-certs": certs(), "--on-rotate": `env > ${seen}` };
    const secrets = {
      CA_HEADER_AUTHENTICATION: "hunter2",
      KASBAH_CA_HEADERS: "x-key=hunter2",
      HTTPS_PROXY: "http://user:hunter2@proxy.test:3128",
    };
    const agent = (await makePod(flags, { env: { PGDATA: "/data", ...secrets } })).start();
    assert.equal((await agent.logged("on-rotate command ran"))["exitCode"], 0);
    const lines = (await readFile(seen, "utf8")).split("\n");
    assert.ok(lines.includes("PGDATA=/data"));
    assert.ok(lines.includes(`KASBAH_OUTPUT_CERTS=${certs()}`));
    assert.deepEqual(
      lines.filter((line) => line.includes("hunter2") || line.startsWith("CA_HEADER_")),
      [],
    );
    assert.doesNotMatch(agent.log, /hunter2/);
  });

  /** A pod whose agent has cached its secret, and whose CA has stopped. */
  const podWithCache = async () => {
    ca.ttlMs = 3_600_000;
    const pod = await makePod({ "--cache-dir": directory.join("cache") });
    const agent = pod.start();
    await agent.logged("daemon started");
    await agent.logged("secret published");
    await agent.until("the secret is cached", async () =>
      (await readdir(directory.join("cache"))).includes("secret.json"),
    );
    const served = await fetchLeaf(pod.socket);
    await agent.kill();
    await ca.close();
    return { pod, served };
  };

  it("row 2: serves its cached secret to Envoy when it starts while the CA is down", async () => {
    const { pod, served: before } = await podWithCache();
    const agent = pod.start();
    const log = await agent.logged("daemon started");
    const after = await fetchLeaf(pod.socket);
    assert.equal(after.leaf.serialNumber, before.leaf.serialNumber);
    assert.equal(after.key, before.key);
    const served = await agent.logged("serving the cached secret");
    const readyMs = Date.parse(String(log["time"])) - Date.parse(String(served["time"]));
    assert.ok(readyMs < 5_000, `${readyMs} ms`);
    assert.equal(ca.calls.length, 1, "the CA must receive one call in total");
  });

  it("row 2: serves its cached secret as soon as roots that were missing at start-up are mounted", async () => {
    const { pod } = await podWithCache();
    await rm(pod.rootPath);
    const agent = pod.start();
    await agent.logged("cannot verify the cached secret yet");
    await agent.logged("daemon started");
    await writeFile(pod.rootPath, ca.authority.rootPem);
    await agent.logged("serving the cached secret");
  });

  it("serves mounted certificates without a token, a root file or a CA", async () => {
    const receivedAt = new Date(Math.floor(systemClock.now().getTime() / 1000) * 1000);
    const minted = await mintSecret({ authority: ca.authority, receivedAt, ttlMs: 3_600_000 });
    await using mounted = await temporaryDirectory();
    await writeFile(mounted.join("key.pem"), minted.keyPair.toPkcs8Pem());
    await writeFile(mounted.join("cert-chain.pem"), minted.leaf.toPem());
    await writeFile(mounted.join("root-cert.pem"), ca.authority.rootPem);
    const pod = await makePod({
      "--mounted-certs-dir": mounted.path,
      "--token-file": "/nowhere/token",
      "--ca-root": "/nowhere/roots.pem",
    });
    await pod.start().logged("daemon started");
    const { secret } = await fetchLeaf(pod.socket);
    assert.equal(Buffer.from(secret.certificateChain).toString(), minted.leaf.toPem());
    assert.equal(ca.calls.length, 0);
  });

  it("renews the certificate in its output directory without a token, as on Istio's virtual machines", async () => {
    const receivedAt = new Date(Math.floor(systemClock.now().getTime() / 1000) * 1000);
    const minted = await mintSecret({ authority: ca.authority, receivedAt, ttlMs: 3_600_000 });
    await mkdir(certs());
    await writeFile(join(certs(), "key.pem"), minted.keyPair.toPkcs8Pem(), { mode: 0o600 });
    await writeFile(join(certs(), "cert-chain.pem"), minted.leaf.toPem());
    await writeFile(join(certs(), "root-cert.pem"), ca.authority.rootPem);
    const pod = await makePod({ "--prov-cert": certs(), "--output-certs": certs() });
    await pod.token.swap({});
    let shown = minted.leaf.serial;
    for (const life of ["first", "second"]) {
      const agent = pod.start();
      await agent.logged("certificates written");
      const { leaf } = await readPair();
      assert.equal(
        ca.calls.at(-1)?.peerLeaf?.serial,
        shown,
        `the ${life} run must authenticate with the files it found`,
      );
      assert.notEqual(leaf.serial, shown);
      shown = leaf.serial;
      await agent.kill();
    }
  });

  for (const [keys, label, keyType] of [
    [{ "--ecc-curve": "P384" }, "EC PRIVATE KEY", "P-384"],
    [{ "--workload-rsa-key-size": "2048", "--pkcs8-key": "true" }, "PRIVATE KEY", "RSA-2048"],
    [{ "--workload-rsa-key-size": "3072" }, "RSA PRIVATE KEY", "RSA-3072"],
  ] as const) {
    it(`gets ${Object.entries(keys).flat().join(" ")} from the real CA, in files and over SDS`, async () => {
      const pod = await makePod({ "--output-certs": certs(), ...keys }, await startServer());
      await pod.start().logged("certificates written");
      const { leaf, key } = await readPair();
      assert.equal(leaf.publicKey.type, keyType);
      assert.ok(key.startsWith(`-----BEGIN ${label}-----\n`));
      assert.equal((await fetchLeaf(pod.socket)).key, key);
    });
  }

  /** The real CA, and a token that it accepts. */
  const startServer = async (): Promise<Pick<PodOptions, "ca" | "token">> => {
    const { tokens, flags } = await saveIssuer(directory.join("issuer"));
    const real = new CaProcess({ stateDir: directory.join("ca"), flags });
    others.push(real);
    await real.logged("daemon started");
    const authority = { rootPem: await real.rootPem() };
    return {
      ca: { address: await real.grpcAddress(), authority },
      token: await mintDemoToken(tokens, "web"),
    };
  };
});

/** The serial number of the certificate that a TLS server presents. */
async function shownBy(port: number): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
  try {
    await once(socket, "secureConnect");
    return socket.getPeerX509Certificate()?.serialNumber ?? "";
  } finally {
    socket.destroy();
  }
}

/** A TLS server that reads its files at start-up and on SIGHUP, like nginx. */
const tlsServer = `
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:tls";
const [directory, port, pidFile] = process.argv.slice(2);
const context = () => ({
  key: readFileSync(directory + "/key.pem"),
  cert: readFileSync(directory + "/cert-chain.pem"),
});
const server = createServer(context(), (socket) => socket.on("error", () => {}));
process.on("SIGHUP", () => server.setSecureContext(context()));
server.listen(Number(port), "127.0.0.1", () => {
  writeFileSync(pidFile, String(process.pid));
  console.log(JSON.stringify({ event: "listening" }));
});
`;
