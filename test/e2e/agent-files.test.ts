import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { connect } from "node:tls";
import { createTokenIssuer } from "@kasbah/certs-dev";
import { parseCertificates, parsePrivateKey, parseTrustBundle, verifyChain } from "@kasbah/pki";
import { formatHostPort, systemClock } from "@kasbah/runtime";
import {
  type FakeCa,
  freePort,
  mintSecret,
  startFakeCa,
  type TemporaryDirectory,
  temporaryDirectory,
  untilSeen,
} from "@kasbah/testkit";
import { repositoryRoot } from "./repository.ts";
import { fetchSecret } from "./sds-client.ts";

const agentBin = join(repositoryRoot, "packages/agent/bin/kasbah-agent.js");
const serverBin = join(repositoryRoot, "packages/ca-server/bin/kasbah-server.js");
const patienceMs = 60_000;
const kills = 40;
/** From before anything is written until well after. */
const longestLifeMs = 600;

describe("An agent that keeps files", function () {
  this.timeout(300_000);
  let directory: TemporaryDirectory;
  let ca: FakeCa;
  let running: Running[];

  beforeEach(async () => {
    directory = await temporaryDirectory();
    ca = await startFakeCa({ now: () => systemClock.now() });
    running = [];
    await writeFile(directory.join("roots.pem"), ca.authority.rootPem);
    await writeFile(directory.join("token"), "opaque");
  });
  afterEach(async () => {
    for (const each of running) await each.kill();
    await ca.close();
    await directory.remove();
  });

  const certs = () => directory.join("certs");
  const start = (args: readonly string[], bin = agentBin): Running => {
    const child = new Running(bin, args);
    running.push(child);
    return child;
  };
  const startAgent = async (more: Readonly<Record<string, string>>): Promise<Running> => {
    const flags = {
      "--sds-socket": directory.join("sds", "s"),
      "--status-address": `127.0.0.1:${await freePort()}`,
      "--ca-address": formatHostPort(ca.address),
      "--ca-root": directory.join("roots.pem"),
      "--token-file": directory.join("token"),
      "--namespace": "demo",
      "--service-account": "web",
      "--log-format": "json",
      ...more,
    };
    return start(Object.entries(flags).flat());
  };
  const readPair = async () => {
    const version = await realpath(join(certs(), "..data"));
    const names = ["key.pem", "cert-chain.pem", "root-cert.pem"];
    const [key = "", chain = "", roots = ""] = await Promise.all(
      names.map((name) => readFile(join(version, name), "utf8")),
    );
    const [leaf, ...intermediates] = parseCertificates(chain);
    assert.ok(leaf);
    assert.ok(leaf.publicKey.equals(parsePrivateKey(key).publicKey), "the key is not the chain's");
    verifyChain({ leaf, intermediates, bundle: parseTrustBundle(roots), now: systemClock.now() });
    return { leaf, key };
  };

  it(`leaves a whole set behind at each of ${kills} kills, while somebody reads all the time`, async () => {
    let isDone = false;
    const seen = new Set<string>();
    const reading = (async () => {
      while (!isDone) {
        const names: readonly string[] = await readdir(certs()).catch(() => []);
        if (names.includes("..data")) seen.add((await readPair()).leaf.serial);
        else await systemClock.sleep(1);
      }
    })();
    // A failure must show at once and not as an unhandled rejection.
    const failed = reading.then(
      () => undefined,
      (error: unknown) => error,
    );
    for (let i = 0; i < kills; i += 1) {
      const agent = await startAgent({ "--output-certs": certs() });
      await systemClock.sleep(150 + ((i * 61) % longestLifeMs));
      await agent.kill();
    }
    const last = await startAgent({ "--output-certs": certs() });
    await last.logged("certificates written");
    isDone = true;
    assert.equal(await failed, undefined);
    assert.ok(seen.size > kills / 4, `only ${seen.size} lives wrote a set`);
    await readPair();
  });

  it("reloads a TLS server by its command, and the server then shows the new certificate", async () => {
    ca.ttlMs = 8_000;
    const port = await freePort();
    const server = directory.join("server.mjs");
    await writeFile(server, tlsServer);
    const pidFile = directory.join("pid");
    const command = `if test -e ${pidFile}; then kill -HUP "$(cat ${pidFile})"; fi`;
    const agent = await startAgent({ "--output-certs": certs(), "--on-rotate": command });
    await agent.logged("certificates written");
    const tls = start([certs(), String(port), pidFile], server);
    await tls.logged("listening");
    const first = await shownBy(port);
    const next = await untilSeen("new certificate", patienceMs, async () => {
      const shown = await shownBy(port);
      return shown === first ? undefined : shown;
    });
    assert.notEqual(next, first);
    assert.equal((await agent.logged("on-rotate command ran"))["exitCode"], 0);
  });

  it("stays ready and warns when its command fails", async () => {
    const status = `127.0.0.1:${await freePort()}`;
    const agent = await startAgent({
      "--output-certs": certs(),
      "--on-rotate": "echo no such program >&2; exit 3",
      "--status-address": status,
    });
    const { output } = await agent.logged("on-rotate command failed");
    assert.deepEqual(output, ["no such program"]);
    const ready = await fetch(`http://${status}/healthz/ready`);
    assert.equal(ready.status, 200);
    assert.match(await ready.text(), /on-rotate command failed: exit code 3/);
    const metrics = await (await fetch(`http://${status}/metrics`)).text();
    assert.match(metrics, /kasbah_agent_on_rotate_runs\{result="failed"\} 1\n/);
    assert.match(metrics, /kasbah_agent_output_certs_writes\{result="ok"\} 1\n/);
  });

  it("serves its cached secret to Envoy when it starts while the CA is away (row 2)", async () => {
    const cache = { "--cache-dir": directory.join("cache") };
    ca.ttlMs = 3_600_000;
    const first = await startAgent(cache);
    await first.logged("secret published");
    const before = await fetchSecret(directory.join("sds", "s"));
    await untilSeen("cached secret", patienceMs, async () =>
      (await readdir(directory.join("cache"))).includes("secret.json") ? true : undefined,
    );
    await first.kill();
    await ca.close();

    const second = await startAgent(cache);
    const log = await second.logged("daemon started");
    const after = await fetchSecret(directory.join("sds", "s"));
    assert.deepEqual(after.certificateChain, before.certificateChain);
    assert.deepEqual(after.privateKey, before.privateKey);
    const served = await second.logged("cached secret served");
    const readyMs = Date.parse(String(log["time"])) - Date.parse(String(served["time"]));
    assert.ok(readyMs < 5_000, `${readyMs} ms`);
    assert.equal(ca.calls.length, 1, "the CA was asked once in all");
  });

  it("serves its cached secret as soon as the roots are mounted that were not there at the start", async () => {
    const cache = { "--cache-dir": directory.join("cache") };
    ca.ttlMs = 3_600_000;
    const first = await startAgent(cache);
    await first.logged("secret published");
    await untilSeen("cached secret", patienceMs, async () =>
      (await readdir(directory.join("cache"))).includes("secret.json") ? true : undefined,
    );
    await first.kill();
    await ca.close();
    await rm(directory.join("roots.pem"));

    const second = await startAgent(cache);
    await second.logged("the cached secret cannot be verified yet");
    await second.logged("daemon started");
    await writeFile(directory.join("roots.pem"), ca.authority.rootPem);
    await second.logged("cached secret served");
  });

  it("serves mounted certificates without a token, a root file or a CA", async () => {
    const receivedAt = new Date(Math.floor(systemClock.now().getTime() / 1000) * 1000);
    const minted = await mintSecret({ authority: ca.authority, receivedAt, ttlMs: 3_600_000 });
    await using mounted = await temporaryDirectory();
    await writeFile(mounted.join("key.pem"), minted.keyPair.toPkcs8Pem());
    await writeFile(mounted.join("cert-chain.pem"), minted.leaf.toPem());
    await writeFile(mounted.join("root-cert.pem"), ca.authority.rootPem);
    const agent = await startAgent({
      "--mounted-certs-dir": mounted.path,
      "--token-file": "/nowhere/token",
      "--ca-root": "/nowhere/roots.pem",
    });
    await agent.logged("daemon started");
    const { certificateChain } = await fetchSecret(directory.join("sds", "s"));
    assert.equal(Buffer.from(certificateChain).toString(), minted.leaf.toPem());
    assert.equal(ca.calls.length, 0);
  });

  it("renews the directory that proves it, without a token, as on Istio's virtual machines", async () => {
    const receivedAt = new Date(Math.floor(systemClock.now().getTime() / 1000) * 1000);
    const minted = await mintSecret({ authority: ca.authority, receivedAt, ttlMs: 3_600_000 });
    await mkdir(certs());
    await writeFile(join(certs(), "key.pem"), minted.keyPair.toPkcs8Pem(), { mode: 0o600 });
    await writeFile(join(certs(), "cert-chain.pem"), minted.leaf.toPem());
    await writeFile(join(certs(), "root-cert.pem"), ca.authority.rootPem);
    await rm(directory.join("token"));
    const flags = {
      "--ca-address": formatHostPort(ca.address),
      "--prov-cert": certs(),
      "--output-certs": certs(),
      "--token-file": directory.join("token"),
      "--sds-socket": directory.join("sds", "s"),
      "--log-format": "json",
    };
    let shown = minted.leaf.serial;
    for (const life of ["first", "second"]) {
      const address = ["--status-address", `127.0.0.1:${await freePort()}`];
      const agent = start([...Object.entries(flags).flat(), ...address]);
      await agent.logged("certificates written");
      const { leaf } = await readPair();
      assert.equal(ca.calls.at(-1)?.peerLeaf?.serial, shown, `the ${life} life shows what it found`);
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
    it(`gets ${Object.entries(keys).flat().join(" ")} from the real CA, in files as over SDS`, async () => {
      const { address, rootPath, token } = await startServer();
      await writeFile(directory.join("token"), token);
      const agent = await startAgent({
        "--ca-address": address,
        "--ca-root": rootPath,
        "--output-certs": certs(),
        ...keys,
      });
      await agent.logged("certificates written");
      const { leaf, key } = await readPair();
      assert.equal(leaf.publicKey.type, keyType);
      assert.ok(key.startsWith(`-----BEGIN ${label}-----\n`));
      const sent = await fetchSecret(directory.join("sds", "s"));
      assert.equal(Buffer.from(sent.privateKey).toString(), key);
    });
  }

  const startServer = async () => {
    const issuer = await createTokenIssuer({ issuer: "https://issuer.test" });
    await issuer.save(directory.join("issuer"));
    const grpc = `127.0.0.1:${await freePort()}`;
    const place = ["--state-dir", directory.join("ca"), "--grpc-address", grpc];
    const callers = ["--jwks", directory.join("issuer", "jwks.json"), "--token-issuer", issuer.issuer];
    const more = ["--http-address", "127.0.0.1:0", "--log-format", "json"];
    await start([...place, ...callers, ...more], serverBin).logged("daemon started");
    const now = systemClock.now();
    const token = await issuer.mint({ namespace: "demo", serviceAccount: "web", now });
    return { address: grpc, rootPath: directory.join("ca", "public", "root-cert.pem"), token };
  };
});

/** A process of this test, whose log is JSON. */
class Running {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #lines: string[] = [];

  constructor(bin: string, args: readonly string[]) {
    this.#child = spawn(process.execPath, [bin, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    this.#ended = once(this.#child, "exit");
    assert.ok(this.#child.stdout);
    createInterface(this.#child.stdout).on("line", (line) => this.#lines.push(line));
  }

  /** The first line of this event. */
  logged(event: string): Promise<Record<string, unknown>> {
    return untilSeen(event, patienceMs, () => {
      if (this.#child.exitCode !== null) throw new Error(`it ended: ${this.#lines.join("\n").slice(-2000)}`);
      return this.#lines.map((line) => JSON.parse(line)).find((line) => line.event === event);
    });
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill("SIGKILL");
    await this.#ended;
  }
}

/** The serial number of the certificate that a TLS server shows. */
async function shownBy(port: number): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
  try {
    await once(socket, "secureConnect");
    return socket.getPeerX509Certificate()?.serialNumber ?? "";
  } finally {
    socket.destroy();
  }
}

/** Reads its files at the start and on SIGHUP, as nginx does. */
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
