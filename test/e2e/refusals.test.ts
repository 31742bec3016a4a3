import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { createTokenIssuer, type DevTokenIssuer } from "@kasbah/certs-dev";
import { createCertificateRequest, createKeyPair, parseSpiffeId } from "@kasbah/pki";
import { createCertificate, decodeErrorInfo, type ErrorInfo } from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import {
  type FakeKubernetesApi,
  type RawReply,
  rawCall,
  startFakeKubernetesApi,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { type RunningCa, startCa } from "../harness/ca-process.ts";
import { forgeries } from "../harness/csr/forgeries.ts";
import { kasbahBin } from "../harness/repository.ts";

const day = 86_400;
const frontend = "spiffe://cluster.local/ns/demo/sa/frontend";
/** None of the callers is one of these, so no refusal may mention them. */
const others = ["sa/backend", "ns/bank", "kube-system"];

const policy = `
version: 1
default: { allow: false, reason: this mesh serves only demo }
rules:
  - name: hurried
    namespaces: [demo]
    serviceAccounts: [hurried]
    allow: true
    rate: { perMinute: 1, burst: 1 }
  - name: bank
    namespaces: [bank]
    serviceAccounts: [backend]
    allow: true
  - name: demo
    namespaces: [demo]
    allow: true
    onForeignNames: refuse
`;

interface Prepared {
  readonly tokens?: DevTokenIssuer;
  readonly claims?: Record<string, unknown>;
  readonly mintedAt?: Date;
  readonly namespace?: string;
  readonly serviceAccount?: string;
  readonly csr?: string;
  readonly ttlSeconds?: number;
}

describe("Twelve prepared refusals", () => {
  let directory: TemporaryDirectory;
  let kubernetes: FakeKubernetesApi;
  let cluster: DevTokenIssuer;
  let ca: RunningCa;
  let goodCsr: string;
  let refusals: Map<string, { readonly reply: RawReply; readonly info: ErrorInfo }>;

  before(async () => {
    directory = await temporaryDirectory();
    kubernetes = await startFakeKubernetesApi();
    cluster = await createTokenIssuer({ issuer: "https://kubernetes.default.svc" });
    await writeFile(directory.join("policy.yaml"), policy);
    await writeFile(directory.join("api-ca.pem"), kubernetes.rootPem);
    await writeFile(directory.join("api-token"), "the-token-of-the-ca");
    const api = ["--kubernetes-api", kubernetes.url.href, "--allow-address", "127.0.0.1"];
    const files = ["--kubernetes-ca-file", directory.join("api-ca.pem")];
    const token = ["--kubernetes-token-file", directory.join("api-token")];
    ca = await startCa({ flags: ["--policy", directory.join("policy.yaml"), ...api, ...files, ...token] });
    goodCsr = createCertificateRequest(await createKeyPair("P-256"), parseSpiffeId(frontend));
    refusals = new Map();
    for (const [what, refuse] of Object.entries(prepared)) {
      const reply = await refuse();
      const details = String(reply.metadata["grpc-status-details-bin"]);
      const info = decodeErrorInfo(Buffer.from(details, "base64"));
      assert.ok(info, what);
      refusals.set(what, { reply, info });
    }
  });

  after(async () => {
    await ca?.stop();
    await kubernetes?.close();
    await directory?.remove();
  });

  async function call({ csr = goodCsr, ttlSeconds = 0, ...who }: Prepared): Promise<RawReply> {
    const { claims = {}, mintedAt: now = systemClock.now() } = who;
    const { namespace = "demo", serviceAccount = "frontend" } = who;
    const token = await (who.tokens ?? ca.tokens).mint({ namespace, serviceAccount, now, claims });
    const order = { csr, validityDurationSeconds: ttlSeconds, impersonatedIdentity: "", certSigner: "" };
    const headers = { authorization: `Bearer ${token}` };
    const body = createCertificate.request.encode(order);
    return rawCall({ port: ca.port, ca: ca.rootPem, path: createCertificate.path, body, headers });
  }

  const forged = (verdict: string) => forgeries.find((each) => each.verdict === verdict)?.pem ?? "";
  const askingFor = async (uri: string) =>
    createCertificateRequest(await createKeyPair("P-256"), parseSpiffeId(uri));

  const prepared: Readonly<Record<string, () => Promise<RawReply>>> = {
    "an expired token": () => call({ mintedAt: new Date(systemClock.now().getTime() - day * 1000) }),
    "a token for another audience": () => call({ claims: { aud: ["vault"] } }),
    "a token of another issuer": () => call({ claims: { iss: "https://issuer.test/" } }),
    "a token that does not belong to a service account": () =>
      call({ claims: { sub: "system:node:node-1" } }),
    "the token of a deleted pod": async () => {
      kubernetes.verdict = () => ({ error: "pod not found: frontend-1" });
      // No key set is configured for this issuer, so the Kubernetes API reviews the token.
      return call({ tokens: cluster });
    },
    "an unavailable API server": async () => {
      kubernetes.trouble = { status: 500 };
      return call({ tokens: cluster });
    },
    "a namespace that is not allowed": () => call({ namespace: "shop", serviceAccount: "cart" }),
    "a lifetime that is too long": () => call({ ttlSeconds: 91 * day }),
    "a CSR for another SPIFFE ID": async () =>
      call({ csr: await askingFor("spiffe://cluster.local/ns/demo/sa/wished-for") }),
    "a weak key": () => call({ csr: forged("CSR_KEY_REJECTED") }),
    "a signature by another key": () => call({ csr: forged("CSR_SIGNATURE_INVALID") }),
    "a call above the rate limit": async () => {
      const hurried = {
        serviceAccount: "hurried",
        csr: await askingFor("spiffe://cluster.local/ns/demo/sa/hurried"),
      };
      await call(hurried);
      return call(hurried);
    },
  };

  it("refusals carry twelve different codes", () => {
    const codes = [...refusals.values()].map(({ info }) => info.reason);
    assert.equal(refusals.size, 12);
    assert.equal(new Set(codes).size, 12, codes.join());
  });

  for (const what of Object.keys(prepared)) {
    it(`refusals carry the same facts as text and as structured details: ${what}`, () => {
      const { reply, info } = refusals.get(what) ?? assert.fail();
      const { referenceId = "", fix, expected, seen, problem } = info.metadata;
      assert.equal(info.domain, "kasbah");
      assert.match(referenceId, /^[0-9a-f]{12}$/);
      assert.ok(reply.message.startsWith(`${info.reason}: `), reply.message);
      assert.ok(reply.message.endsWith(`(reference ${referenceId})`), reply.message);
      const isOutage = info.reason === "AUTHENTICATOR_UNAVAILABLE";
      assert.equal(fix === undefined, isOutage);
      for (const fact of [problem, expected, seen, fix]) assert.ok(reply.message.includes(fact ?? ""));
      assert.equal(reply.body.length, 0);
    });
  }

  it("refusals state the expected value always, and the value seen in a token only if its signature was verified", () => {
    const seenIn = (what: string) => refusals.get(what)?.info.metadata;
    assert.match(String(seenIn("a token for another audience")?.["expected"]), /istio-ca/);
    assert.match(String(seenIn("a token for another audience")?.["seen"]), /vault/);
    assert.equal(seenIn("the token of a deleted pod")?.["seen"], undefined);
  });

  it("refusals contain no token, no key and nothing about another workload", () => {
    for (const { reply } of refusals.values()) {
      const text =
        JSON.stringify(reply.metadata) +
        Buffer.from(String(reply.metadata["grpc-status-details-bin"]), "base64");
      assert.doesNotMatch(text, /eyJ|BEGIN|the-token-of-the-ca|frontend-1/);
      for (const other of others) assert.ok(!text.includes(other), other);
    }
  });

  it("refusals are repeated by kasbah why with their time and cause", async () => {
    for (const { info } of refusals.values()) {
      const { referenceId = "", ...facts } = info.metadata;
      const args = [kasbahBin, "why", referenceId, "--json", "--state-dir", ca.stateDir];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      const story = JSON.parse(stdout);
      assert.equal(story.code, info.reason);
      assert.equal(story.referenceId, referenceId);
      assert.ok(Math.abs(Date.parse(story.time) - systemClock.now().getTime()) < 120_000);
      for (const [name, text] of Object.entries(facts)) assert.equal(story[name], text);
      assert.doesNotMatch(stdout, /eyJ|BEGIN|the-token-of-the-ca/);
    }
    const { referenceId = "" } = refusals.get("the token of a deleted pod")?.info.metadata ?? {};
    const args = [kasbahBin, "why", referenceId, "--state-dir", ca.stateDir];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    assert.match(stdout, /because +pod not found: frontend-1\n/);
  });
});
