import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:http2";
import {
  createCertificateRequest,
  createKeyPair,
  createWorkloadSerial,
  parseCertificate,
  parseSpiffeId,
  podMarkOf,
} from "@kasbah/pki";
import { createCertificate } from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import { eventually, rawCall } from "@kasbah/testkit";
import { CaProcess, type RunningCa, startCa } from "../harness/ca-process.ts";
import { type MintedLeaf, mintLeaf } from "../harness/minted-leaf.ts";
import { suiteTimeoutMs } from "../harness/until.ts";
import { callCa } from "./call-ca.ts";
import { type CaAccount, createCaAccount } from "./cluster-ca.ts";
import type { ControlPlane } from "./control-plane.ts";
import { sharedControlPlane } from "./hooks.ts";
import { createWorkload, type Workload } from "./workloads.ts";

const minuteMs = 60_000;
const [connections, perConnection] = [6, 100];

describe("CA with a real API server that accepts client certificates", function () {
  this.timeout(suiteTimeoutMs);
  let controlPlane: ControlPlane;
  let account: CaAccount;
  let ca: RunningCa;
  let flags: readonly string[];
  let workload: Workload;
  let spiffeId: string;
  let leaf: MintedLeaf;

  before(async () => {
    controlPlane = sharedControlPlane();
    account = await createCaAccount(controlPlane);
    flags = [
      ...["--kubernetes-api", controlPlane.url.href, "--allow-address", "127.0.0.1"],
      ...["--kubernetes-ca-file", controlPlane.caFile, "--kubernetes-token-file", account.tokenFile],
    ];
    ca = await startCa({ withIssuer: false, flags });
    workload = await createWorkload(controlPlane, "istio-ca");
    spiffeId = `spiffe://cluster.local/ns/${workload.namespace}/sa/default`;
  });

  after(async () => {
    await ca?.stop();
    await account?.remove();
  });

  /** "issued", or the code of the refusal; with the new leaf and its key. */
  async function call({ token, tls }: { readonly token?: string; readonly tls?: MintedLeaf }) {
    const keyPair = await createKeyPair("P-256");
    const csr = createCertificateRequest(keyPair, parseSpiffeId(spiffeId));
    const order = { csr, validityDurationSeconds: 0, impersonatedIdentity: "", certSigner: "" };
    const { status, message, body } = await rawCall({
      ...{ port: ca.port, ca: ca.rootPem, path: createCertificate.path },
      body: createCertificate.request.encode(order),
      ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
      ...(tls === undefined ? {} : { tls }),
    });
    if (status !== 0) return { outcome: message.split(":", 1)[0], issued: undefined };
    const [cert = ""] = createCertificate.response.decode(body).certChain;
    return { outcome: "issued", issued: { cert, key: keyPair.toPkcs8Pem() } };
  }

  const reviews = async () => (await ca.process.metric('kasbah_token_reviews{from="api-server"}')) ?? 0;

  /** With the key id of the cluster and a random signature, or with an invented key id. */
  function inventToken(index: number): string {
    const [header = "", payload = ""] = workload.token.split(".");
    const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
    const invented = index % 2 === 0 ? header : encode({ ...read(header), kid: String(index) });
    const claims = encode({ ...read(payload), jti: String(index) });
    return [invented, claims, randomBytes(256).toString("base64url")].join(".");
  }

  /** The gRPC status of each of the calls on one connection. */
  async function sendJunk(first: number): Promise<readonly string[]> {
    const session = connect(`https://127.0.0.1:${ca.port}`, { ca: ca.rootPem });
    const send = async (index: number) => {
      const stream = session.request({
        ...{ ":method": "POST", ":path": createCertificate.path, te: "trailers" },
        ...{ "content-type": "application/grpc", authorization: `Bearer ${inventToken(index)}` },
      });
      const seen: Record<string, unknown> = {};
      for (const event of ["response", "trailers"] as const)
        stream.on(event, (headers) => Object.assign(seen, headers));
      stream.resume().end(Buffer.alloc(5));
      await once(stream, "close");
      return String(seen["grpc-status"]);
    };
    try {
      return await Promise.all(Array.from({ length: perConnection }, (_, index) => send(first + index)));
    } finally {
      session.destroy();
    }
  }

  it("serves every pod while 600 invented tokens come in, and reviews few of them", async () => {
    const pods = await Promise.all(
      Array.from({ length: 10 }, () => createWorkload(controlPlane, "istio-ca")),
    );
    const before = await reviews();
    const startedMs = systemClock.monotonicMs();
    const flood = Promise.all(
      Array.from({ length: connections }, (_, index) => sendJunk(index * perConnection)),
    );
    const good = await Promise.all(pods.map(({ token }) => callCa(ca, token)));
    assert.deepEqual(
      good.filter(({ status }) => status !== 0).map(({ message }) => message),
      [],
    );
    const statuses = (await flood).flat();
    assert.equal(statuses.length, connections * perConnection);
    assert.ok(!statuses.includes("0"), "an invented token was accepted");
    const seconds = (systemClock.monotonicMs() - startedMs) / 1000;
    const useless = (await reviews()) - before - pods.length;
    process.stdout.write(
      `      ${useless} reviews for ${statuses.length} invented tokens in ${Math.round(seconds)} s\n`,
    );
    assert.ok(useless <= 50 + 5 * seconds, `${useless} reviews`);
  });

  it("renews the certificate of a pod by the certificate alone, with the mark of the pod", async () => {
    const first = await call({ token: workload.token });
    assert.ok(first.issued);
    const second = await call({ tls: first.issued });
    assert.ok(second.issued);
    leaf = second.issued;
    assert.equal(markOf(leaf), markOf(first.issued));
    assert.match(markOf(leaf) ?? "", /^[0-9a-f]{16}$/);
  });

  it("refuses the certificate as soon as the pod is deleted, alone and beside the token", async () => {
    const command = [
      "delete",
      "pod",
      "app",
      `--namespace=${workload.namespace}`,
      "--grace-period=0",
      "--force",
    ];
    await controlPlane.kubectl(command);
    await eventually(async () => (await call({ tls: leaf })).outcome === "CALLER_DELETED", 5_000);
    assert.equal((await call({ token: workload.token })).outcome, "CALLER_DELETED");
    assert.equal((await call({ token: workload.token, tls: leaf })).outcome, "CALLER_DELETED");
  });

  it("still refuses it after a restart, and renews that of a pod that exists", async () => {
    const living = await createWorkload(controlPlane, "istio-ca");
    const { issued } = await call({ token: living.token });
    await ca.process.stop();
    const again = new CaProcess({ stateDir: ca.stateDir, flags });
    try {
      await again.untilReady();
      const { port } = await again.grpcAddress();
      ca = { ...ca, port, process: again, pid: again.pid };
      const provenAt = new Date(systemClock.now().getTime() - 20 * minuteMs);
      const renewed = async (mark: string | undefined) => {
        const serial = createWorkloadSerial(provenAt, mark);
        return (await call({ tls: await mintLeaf(ca.stateDir, spiffeId, serial) })).outcome;
      };
      assert.equal(await renewed(markOf(leaf)), "CALLER_DELETED");
      assert.equal(await renewed(issued && markOf(issued)), "issued");
    } finally {
      await again.stop();
    }
  });
});

function markOf({ cert }: MintedLeaf): string | undefined {
  return podMarkOf(parseCertificate(cert).serial);
}
