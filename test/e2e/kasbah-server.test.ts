import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { type LedgerEntry, parseEntry } from "@kasbah/ledger";
import { createCertificateRequest, createKeyPair, parseCertificate, parseSpiffeId } from "@kasbah/pki";
import { createCertificate } from "@kasbah/protocol";
import { Http2Channel } from "@kasbah/runtime/grpc-http2";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { CaProcess } from "../harness/ca-process.ts";
import { mintDemoToken, saveIssuer } from "../harness/token-issuer.ts";
import { suiteTimeoutMs } from "../harness/until.ts";

const frontend = parseSpiffeId("spiffe://cluster.local/ns/demo/sa/frontend");

describe("kasbah-server process", function () {
  this.timeout(suiteTimeoutMs);
  let directory: TemporaryDirectory;
  let token: string;
  let callers: readonly string[];
  let running: CaProcess[];

  before(async () => {
    directory = await temporaryDirectory();
    const issuer = await saveIssuer(directory.join("issuer"));
    callers = issuer.flags;
    token = await mintDemoToken(issuer.tokens, "frontend");
  });

  beforeEach(() => {
    running = [];
  });

  afterEach(async () => {
    for (const server of running) await server.kill();
  });

  after(() => directory.remove());

  function start(state: string, flags: readonly string[] = callers): CaProcess {
    const server = new CaProcess({ stateDir: directory.join(state), flags });
    running.push(server);
    return server;
  }

  async function startReady(state: string): Promise<CaProcess> {
    const server = start(state);
    await server.logged("daemon started");
    return server;
  }

  async function request(server: CaProcess): Promise<readonly string[]> {
    const [address, rootsPem] = await Promise.all([server.grpcAddress(), server.rootPem()]);
    const channel = new Http2Channel({ address, rootsPem });
    const csr = createCertificateRequest(await createKeyPair("P-256"), frontend);
    const order = { csr, validityDurationSeconds: 0, impersonatedIdentity: "", certSigner: "" };
    try {
      const metadata = { authorization: `Bearer ${token}` };
      return (await channel.unary(createCertificate, order, { deadlineMs: 10_000, metadata })).certChain;
    } finally {
      channel.close();
    }
  }

  it("refuses to start without a way to authenticate callers, lists every problem, and exits 2", async () => {
    const server = start("unused", ["--default-ttl", "48h", "--max-ttl", "24h"]);
    const { code } = await server.exited;
    assert.equal(code, 2);
    const text = server.log;
    assert.match(text, /CONFIG_INVALID: 2 problems/);
    assert.match(text, /--default-ttl: is greater than --max-ttl/);
    assert.match(text, /--jwks: the CA cannot authenticate any token/);
  });

  async function entriesOf(name: string): Promise<readonly LedgerEntry[]> {
    const path = directory.join(name, "ledger", "0", "segments", "000000000000000.jsonl");
    const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
    return lines.map((line) => parseEntry(Buffer.from(line)));
  }

  it("serves, records the issued certificate, and exits 0 on SIGTERM", async () => {
    const server = await startReady("plain");
    const [leaf] = await request(server);
    const certificate = parseCertificate(String(leaf));
    assert.ok(certificate.spiffeId?.equals(frontend));
    assert.ok(await server.isReady());
    await server.stop();
    assert.deepEqual(await server.exited, { code: 0, signal: null });
    const [root, intermediate, serving, issued] = await entriesOf("plain");
    assert.ok(root?.kind === "authority" && intermediate?.kind === "authority");
    assert.deepEqual(
      [root.authority, intermediate.authority, intermediate.signs],
      ["root-1", "intermediate-1", true],
    );
    assert.ok(serving?.kind === "operator");
    assert.equal(serving.act, "issue-serving-certificate");
    assert.ok(issued?.kind === "issued");
    assert.equal(issued.serial, certificate.serial);
    assert.equal(issued.spiffeId, frontend.toString());
    const checkpoint = await readFile(directory.join("plain", "ledger", "0", "checkpoint"), "utf8");
    assert.match(checkpoint, /^cluster\.local\/kasbah-ledger\/[0-9a-f]{16}\n4\n/);
  });

  it("creates a single root when two processes start together, and only one of them gets the state", async () => {
    const servers = [start("shared"), start("shared")];
    const outcomes = await Promise.all(
      servers.map(async (server) => {
        return server.logged("daemon started").then(
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

  it("keeps its root and its ledger after kill -9", async () => {
    const first = await startReady("killed");
    const before = await request(first);
    await first.kill();
    const after = await request(await startReady("killed"));
    assert.equal(before.length, 3, "expected leaf, intermediate and trust bundle");
    assert.deepEqual(after.slice(1), before.slice(1));
    // If the kill came before the signature of the last second, the next start records that.
    const isOfLedger = (entry: LedgerEntry) => entry.kind === "operator" && entry.act.startsWith("ledger-");
    const entries = (await entriesOf("killed")).filter((entry) => !isOfLedger(entry));
    const kinds = entries.map(({ kind }) => kind);
    const eachStart = ["authority", "authority", "operator", "issued"];
    assert.deepEqual(kinds, [...eachStart, ...eachStart]);
  });
});
