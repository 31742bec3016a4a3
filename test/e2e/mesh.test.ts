import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { type ClientHttp2Session, connect } from "node:http2";
import { join } from "node:path";
import { callWithoutCertificate, getOnce, type Mesh, type Workload } from "@kasbah/cli/mesh";
import { createCertificate } from "@kasbah/protocol";
import { setUpTimeoutMs, testEnvoy } from "../harness/envoy.ts";
import { startTestMesh } from "../harness/mesh.ts";
import { repositoryRoot } from "../harness/repository.ts";
import { fetchSecret } from "../harness/sds-client.ts";

const kasbah = join(repositoryRoot, "packages/cli/bin/kasbah.js");

describe("Mesh of two workloads", function () {
  this.timeout(setUpTimeoutMs);
  let mesh: Mesh;

  before(async () => {
    mesh = await startTestMesh({ secretTtlMs: 60_000 });
  });

  after(() => mesh?.stop());

  it("refuses a caller without a certificate at the backend's listener", async () => {
    const seen = mesh.app.requestCount();
    assert.equal(await callWithoutCertificate(mesh.backendDoor), "TLS alert: certificate required");
    assert.equal(mesh.app.requestCount(), seen);
  });

  it("refuses plaintext at the backend's listener", async () => {
    const seen = mesh.app.requestCount();
    await assert.rejects(getOnce(mesh.backendDoor, "/"));
    assert.equal(mesh.app.requestCount(), seen);
  });

  it("refuses a workload of the mesh other than the expected one", async () => {
    const refused = () => mesh.backend.admin.stat("listener.inbound.ssl.fail_verify_san");
    const before = await refused();
    const { chainPath, keyPath } = await ownSecret(mesh.backend);
    assert.throws(() => callWith(chainPath, keyPath), /alert|unexpected eof|reset/i);
    assert.equal(await refused(), before + 1);
  });

  it("passes the verified caller to the backend, even if the caller claims another identity", async () => {
    const forged = { "x-forwarded-client-cert": "URI=spiffe://cluster.local/ns/demo/sa/admin" };
    const body = await new Promise<string>((resolve, reject) => {
      const call = request({ ...mesh.entry, path: "/hello", headers: forged }, async (response) => {
        resolve((await response.setEncoding("utf8").toArray()).join(""));
      });
      call.on("error", reject).end();
    });
    assert.equal(JSON.parse(body).peer, "spiffe://cluster.local/ns/demo/sa/frontend");
  });

  it("serves a leaf that openssl verifies strictly, with one critical SPIFFE ID and no other names", async () => {
    const leaf = join(mesh.runDirectory, "leaf.pem");
    const pem = node(kasbah, "inspect", "--pem", `unix:${mesh.frontend.sdsSocket}`);
    assert.doesNotMatch(pem, /PRIVATE/);
    writeFileSync(leaf, pem);
    assert.equal(
      openssl("verify", "-x509_strict", "-CAfile", mesh.ca.rootPath, "-untrusted", leaf, leaf),
      `${leaf}: OK\n`,
    );

    const text = openssl("x509", "-in", leaf, "-noout", "-text");
    const names = /X509v3 Subject Alternative Name: (.*)\n\s+(.*)\n/.exec(text);
    assert.deepEqual(names?.slice(1), ["critical", "URI:spiffe://cluster.local/ns/demo/sa/frontend"]);
    assert.match(text, /X509v3 Basic Constraints: critical\n\s+CA:FALSE\n/);
    assert.match(text, /X509v3 Key Usage: critical\n\s+Digital Signature\n/);
    assert.match(text, /Subject: *\n/);
  });

  it("keeps a TLS 1.3 connection open whose client pings far more often than the 30 s of stock clients", async () => {
    const { host, port } = mesh.ca.grpcAddress;
    const ca = readFileSync(mesh.ca.rootPath);
    const session = connect(`https://${host}:${port}`, { ca, minVersion: "TLSv1.3" });
    await once(session, "connect");
    let wentAway = false;
    session.on("goaway", () => {
      wentAway = true;
    });
    try {
      for (let count = 0; count < 20; count += 1) await ping(session);
      const call = session.request({ ":method": "POST", ":path": createCertificate.path, te: "trailers" });
      const [headers] = await once(call.end(), "response");
      assert.equal(
        headers[":status"],
        415,
        "the server must still answer: a call without a content type is not gRPC",
      );
      assert.equal(wentAway, false);
    } finally {
      session.destroy();
    }
  });

  it("inspects a socket, a port and a file, and prints the equivalent openssl command", () => {
    const { host, port } = mesh.ca.grpcAddress;
    for (const target of [`unix:${mesh.backend.sdsSocket}`, `${host}:${port}`, mesh.ca.rootPath]) {
      const shown = node(kasbah, "inspect", target);
      assert.match(shown, /openssl /, target);
      assert.doesNotMatch(shown, /PRIVATE KEY/, target);
    }
  });

  it("runs Envoys with a configuration that Envoy itself accepts as valid", async () => {
    for (const { directory } of [mesh.frontend, mesh.backend]) {
      const args = ["--mode", "validate", "-c", join(directory, "envoy.json"), "--log-level", "error"];
      execFileSync(await testEnvoy(), args, { stdio: "pipe" });
    }
  });

  it("writes no secret to any log", () => {
    const logs = logFiles(mesh)
      .map((file) => readFileSync(file, "utf8"))
      .join("");
    assert.ok(logs.includes("certificate issued"));
    assert.doesNotMatch(logs, /PRIVATE KEY|BEGIN |eyJ/);
  });

  /** Fetches a workload's own key and chain the way its Envoy does. */
  async function ownSecret({ name, sdsSocket }: Workload) {
    const { certificateChain, privateKey } = await fetchSecret(sdsSocket);
    const chainPath = join(mesh.runDirectory, `${name}-chain.pem`);
    const keyPath = join(mesh.runDirectory, `${name}-key.pem`);
    writeFileSync(chainPath, certificateChain, { mode: 0o600 });
    writeFileSync(keyPath, privateKey, { mode: 0o600 });
    return { chainPath, keyPath };
  }

  function callWith(chainPath: string, keyPath: string): string {
    const { host, port } = mesh.backendDoor;
    const credentials = [
      ...["-cert", chainPath, "-cert_chain", chainPath, "-key", keyPath],
      ...["-CAfile", mesh.ca.rootPath],
    ];
    const args = ["s_client", "-quiet", "-connect", `${host}:${port}`, ...credentials];
    // A file instead of a pipe: if openssl exits before it reads, the error of the pipe would hide its own.
    const requestPath = join(mesh.runDirectory, "request");
    writeFileSync(requestPath, "GET / HTTP/1.1\r\nhost: backend\r\nconnection: close\r\n\r\n");
    const stdin = openSync(requestPath, "r");
    try {
      return execFileSync("openssl", args, { encoding: "utf8", stdio: [stdin, "pipe", "pipe"] });
    } finally {
      closeSync(stdin);
    }
  }
});

function ping(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) => session.ping((error) => (error ? reject(error) : resolve())));
}

const logFiles = ({ logDirectory }: Mesh) =>
  ["ca", "frontend-agent", "backend-agent", "frontend-envoy", "backend-envoy"].map((name) =>
    join(logDirectory, `${name}.log`),
  );

function node(...args: string[]): string {
  return execFileSync(process.execPath, args, { encoding: "utf8" });
}

function openssl(...args: string[]): string {
  return execFileSync("openssl", args, { encoding: "utf8" });
}
