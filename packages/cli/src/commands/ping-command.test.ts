import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo, Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { createKeyPair } from "@kasbah/pki";
import { createTestAuthority, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { runKasbah } from "./run-kasbah.fixture.ts";

const identity = "spiffe://cluster.local/ns/kasbah-system/sa/kasbah";

describe("kasbah ping", () => {
  let directory: TemporaryDirectory;
  let servers: Server[];
  let rootFile: string;
  let otherRootFile: string;
  let ca: string;

  before(async () => {
    directory = await temporaryDirectory();
    const authority = await createTestAuthority();
    rootFile = directory.join("root-cert.pem");
    otherRootFile = directory.join("other.pem");
    await writeFile(rootFile, authority.rootPem);
    await writeFile(otherRootFile, (await createTestAuthority()).rootPem);
    const keyPair = await createKeyPair("P-256");
    const names = [
      { kind: "ip" as const, value: "127.0.0.1" },
      { kind: "uri" as const, value: identity },
    ];
    const notAfter = new Date(Math.ceil(Date.now() / 1000) * 1000 + 3_600_000);
    const leaf = await authority.issue({ publicKey: keyPair.publicKey, names, notAfter });
    servers = [];
    ca = await listen(createTlsServer({ key: keyPair.toPkcs8Pem(), cert: leaf.toPem() }, (one) => one.end()));
  });
  after(async () => {
    for (const server of servers) server.close();
    await directory.remove();
  });

  async function listen(server: Server): Promise<string> {
    servers.push(server.listen(0, "127.0.0.1"));
    await once(server, "listening");
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const healthOf = (answer: object, status = 200) =>
    listen(createHttpServer((_, reply) => void reply.writeHead(status).end(JSON.stringify(answer))));

  it("verifies the CA by its root, and reads that it is ready with its warnings", async () => {
    const health = await healthOf({ ready: true, warnings: ["clock in doubt"] });
    const { said, error } = await runKasbah(["ping", ca, "--root-file", rootFile, "--ready", health]);
    assert.equal(error, undefined);
    const [tls, ready] = said.split("\n");
    assert.match(
      String(tls),
      new RegExp(
        `^${ca} answers with a certificate of ${identity}, valid until .*, verified by .*root-cert\\.pem$`,
      ),
    );
    assert.equal(ready, `${health} is ready; warnings: clock in doubt`);
  });

  it("does not claim to have verified a CA without a root", async () => {
    assert.match((await runKasbah(["ping", ca])).said, /, not verified: no --root-file\n$/);
  });

  it("fails if the CA has another root, another name, or does not speak TLS", async () => {
    const other = await runKasbah(["ping", ca, "--root-file", otherRootFile]);
    assert.deepEqual([other.error?.code, other.said], ["TARGET_REPLY_INVALID", ""]);
    assert.match(String(other.error?.message), /its certificate does not chain to a root in .*other\.pem$/);
    const named = await runKasbah(["ping", ca.replace("127.0.0.1", "localhost"), "--root-file", rootFile]);
    assert.equal(
      named.error?.message,
      `${ca.replace("127.0.0.1", "localhost")}: its certificate is for other names`,
    );
    const plain = await runKasbah(["ping", await healthOf({})]);
    assert.deepEqual(plain.error?.code, "TARGET_UNREACHABLE");
    assert.match(String(plain.error?.message), /does not speak TLS$/);
  });

  it("fails with the reasons if the CA is not ready, and if the answer is none of a CA", async () => {
    const waiting = await healthOf({ ready: false, reasons: ["no Secret", "no clock"] }, 503);
    const { error } = await runKasbah(["ping", ca, "--ready", waiting]);
    assert.deepEqual(
      [error?.code, error?.message],
      ["NOT_READY", `${waiting} is not ready: no Secret; no clock`],
    );
    const strange = await runKasbah(["ping", ca, "--ready", await healthOf({ status: "up" })]);
    assert.equal(strange.error?.code, "TARGET_REPLY_INVALID");
  });

  it("tries again for the time of --wait, also if the root is published meanwhile", async () => {
    const late = directory.join("late.pem");
    let attempts = 0;
    const health = await listen(
      createHttpServer((_, reply) => {
        attempts += 1;
        reply.end(JSON.stringify({ ready: attempts > 2, reasons: ["starting"] }));
      }),
    );
    const waiting = runKasbah(["ping", ca, "--root-file", late, "--ready", health, "--wait", "60s"]);
    await writeFile(late, await readFile(rootFile));
    const { error, said } = await waiting;
    assert.deepEqual([error, attempts], [undefined, 3]);
    assert.match(said, /is ready\n$/);
  });

  it("reports bad use in one sentence: a missing root file, a wrong address, a wrong duration, a cluster", async () => {
    const gone = await runKasbah(["ping", ca, "--root-file", directory.join("gone.pem")]);
    assert.match(String(gone.error?.message), /^cannot read .*gone\.pem: it does not exist \(ENOENT\)/);
    const nowhere = await runKasbah(["ping", "nowhere"]);
    assert.match(String(nowhere.error?.message), /^expected host:port, .*, got "nowhere"$/);
    assert.match((await runKasbah(["ping", ca, "--ready", "nowhere"])).said, /expected host:port/);
    assert.match((await runKasbah(["ping", ca, "--wait", "soon"])).said, /expected a duration/);
    assert.equal((await runKasbah(["-n", "mesh", "ping", ca])).error?.code, "CONFIG_INVALID");
    const closed = await runKasbah(["ping", "127.0.0.1:1"]);
    assert.match(String(closed.error?.message), /^127\.0\.0\.1:1: ECONNREFUSED$/);
  });
});
