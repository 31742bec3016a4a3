import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createTokenIssuer } from "@kasbah/certs-dev";
import { type LedgerEntry, parseEntry } from "@kasbah/ledger";
import { createCertificateRequest, createKeyPair, parseCertificate, parseSpiffeId } from "@kasbah/pki";
import { createCertificate } from "@kasbah/protocol";
import { parseHostPort, systemClock } from "@kasbah/runtime";
import { GrpcChannel } from "@kasbah/runtime/grpc";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));
const issuer = "https://issuer.test";
const frontend = parseSpiffeId("spiffe://cluster.local/ns/demo/sa/frontend");

/** Starting a process takes its time on a busy machine. */
const patienceMs = 30_000;

describe("kasbah-server", function () {
  this.timeout(patienceMs);
  let directory: TemporaryDirectory;
  let token: string;
  let running: ChildProcess[];

  before(async () => {
    directory = await temporaryDirectory();
    const tokens = await createTokenIssuer({ issuer });
    await tokens.save(directory.join("issuer"));
    token = await tokens.mint({ namespace: "demo", serviceAccount: "frontend", now: systemClock.now() });
  });

  beforeEach(() => {
    running = [];
  });

  afterEach(() => {
    for (const server of running) server.kill("SIGKILL");
  });

  after(() => directory.remove());

  /** Runs the real program from source, on ports that the system chooses. */
  function start(state: string, ...flags: string[]) {
    const settings = ["--state-dir", directory.join(state), "--grpc-address", "127.0.0.1:0"];
    const callers = ["--jwks", directory.join("issuer", "jwks.json"), "--token-issuer", issuer];
    return run(...settings, "--http-address", "127.0.0.1:0", ...callers, ...flags);
  }

  function run(...flags: string[]) {
    const node = ["--conditions=kasbah-source", main, ...flags];
    const server = spawn(process.execPath, node, { stdio: ["ignore", "pipe", "pipe"] });
    running.push(server);
    return server;
  }

  interface Event {
    readonly event: string;
    readonly address?: string;
    readonly error?: { readonly code?: string };
  }

  /** The log up to and with the first line of that event. */
  async function logUntil(server: ChildProcess, event: string): Promise<readonly Event[]> {
    assert.ok(server.stdout);
    const seen: Event[] = [];
    for await (const line of createInterface(server.stdout)) {
      seen.push(JSON.parse(line));
      if (seen.at(-1)?.event === event) return seen;
    }
    assert.fail(`no "${event}" in ${JSON.stringify(seen)}`);
  }

  const addressOf = (log: readonly Event[], event: string) =>
    parseHostPort(String(log.find((each) => each.event === event)?.address));

  async function request(log: readonly Event[], state: string): Promise<readonly string[]> {
    const address = addressOf(log, "grpc server listens");
    const rootsPem = await readFile(directory.join(state, "public", "root-cert.pem"), "utf8");
    const channel = new GrpcChannel({ address, rootsPem });
    const csr = createCertificateRequest(await createKeyPair("P-256"), frontend);
    const order = { csr, validityDurationSeconds: 0, impersonatedIdentity: "", certSigner: "" };
    try {
      const metadata = { authorization: `Bearer ${token}` };
      return (await channel.unary(createCertificate, order, { deadlineMs: 10_000, metadata })).certChain;
    } finally {
      channel.close();
    }
  }

  it("refuses to start without a way to know callers, lists all that is wrong, and exits 2", async () => {
    const server = run("--default-ttl", "48h", "--max-ttl", "24h");
    const chunks: string[] = [];
    server.stderr?.on("data", (chunk) => chunks.push(String(chunk)));
    const [code] = await once(server, "close");
    assert.equal(code, 2);
    const text = chunks.join("");
    assert.match(text, /CONFIG_INVALID: 2 problems/);
    assert.match(text, /--default-ttl: is greater than --max-ttl/);
    assert.match(text, /--jwks: no callers are known/);
  });

  async function entriesOf(name: string): Promise<readonly LedgerEntry[]> {
    const path = directory.join(name, "ledger", "0", "segments", "000000000000000.jsonl");
    const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
    return lines.map((line) => parseEntry(Buffer.from(line)));
  }

  it("serves, records what it issued, and exits 0 on SIGTERM", async () => {
    const server = start("plain");
    const log = await logUntil(server, "daemon started");
    const [leaf] = await request(log, "plain");
    const certificate = parseCertificate(String(leaf));
    assert.ok(certificate.spiffeId?.equals(frontend));
    const ready = await fetch(
      `http://127.0.0.1:${addressOf(log, "status server listens").port}/healthz/ready`,
    );
    assert.equal(ready.status, 200);
    const exited = once(server, "exit");
    server.kill("SIGTERM");
    assert.deepEqual(await exited, [0, null]);
    const [root, intermediate, issued] = await entriesOf("plain");
    assert.ok(root?.kind === "authority" && intermediate?.kind === "authority");
    assert.deepEqual(
      [root.authority, intermediate.authority, intermediate.signs],
      ["root-1", "intermediate-1", true],
    );
    assert.ok(issued?.kind === "issued");
    assert.equal(issued.serial, certificate.serial);
    assert.equal(issued.spiffeId, frontend.toString());
    const checkpoint = await readFile(directory.join("plain", "ledger", "0", "checkpoint"), "utf8");
    assert.match(checkpoint, /^cluster\.local\/kasbah-ledger\/[0-9a-f]{16}\n3\n/);
  });

  it("ends with one root when two start together, and the state stays with one of them", async () => {
    const servers = [start("shared"), start("shared")];
    const outcomes = await Promise.all(
      servers.map(async (server) => {
        const ended = logUntil(server, "daemon started");
        return ended.then(
          () => "serves",
          (error: Error) => error.message,
        );
      }),
    );
    const refused = outcomes.filter((outcome) => outcome !== "serves");
    assert.equal(refused.length, 1, outcomes.join("\n"));
    assert.match(String(refused[0]), /STATE_LOCKED/);
    assert.deepEqual((await readdir(directory.join("shared", "authorities"))).sort(), [
      "intermediate-1",
      "root-1",
    ]);
  });

  it("goes on with its root and its ledger after kill -9", async () => {
    const first = start("killed");
    const before = await request(await logUntil(first, "daemon started"), "killed");
    const killed = once(first, "exit");
    first.kill("SIGKILL");
    await killed;
    const second = start("killed");
    const after = await request(await logUntil(second, "daemon started"), "killed");
    assert.equal(before.length, 3, "leaf, intermediate, trust bundle");
    assert.deepEqual(after.slice(1), before.slice(1));
    const kinds = (await entriesOf("killed")).map(({ kind }) => kind);
    const eachStart = ["authority", "authority", "issued"];
    assert.deepEqual(kinds, [...eachStart, ...eachStart]);
  });
});
