import assert from "node:assert/strict";
import { createServer } from "node:net";
import { createCertificateRequest, createKeyPair, parseSpiffeId, TrustBundle } from "@kasbah/pki";
import { encodeStatusDetails } from "@kasbah/protocol";
import { Secret } from "@kasbah/runtime";
import {
  createTestAuthority,
  type FakeCa,
  FakeRefusal,
  freePort,
  rejectsWithCode,
  startFakeCa,
} from "@kasbah/testkit";
import type { AgentError } from "../errors.ts";
import { type CaCall, CaClient } from "./ca-client.ts";

const never = new AbortController().signal;
const now = () => new Date();

describe("CaClient", () => {
  let ca: FakeCa;
  let client: CaClient;
  let order: CaCall;

  beforeEach(async () => {
    ca = await startFakeCa({ now });
    client = new CaClient(ca.address);
    const csrPem = createCertificateRequest(
      await createKeyPair("P-256"),
      parseSpiffeId("spiffe://cluster.local/ns/a/sa/b"),
    );
    const roots = TrustBundle.from([ca.authority.certificate]);
    order = { csrPem, ttlMs: 90_000, deadlineMs: 10_000, token: new Secret("a.b.c"), roots };
  });

  afterEach(async () => {
    await ca.close();
  });

  it("does not send the token to a server whose certificate does not verify under the trusted roots", async () => {
    const stranger = await createTestAuthority("Stranger");
    const wrongName = await startFakeCa({
      now,
      authority: ca.authority,
      servingNames: ["elsewhere.example"],
    });
    const unknown = TrustBundle.from([stranger.certificate]);
    await rejectsWithCode(client.createCertificate({ ...order, roots: unknown }, never), "CA_UNREACHABLE");
    const lost = new CaClient(wrongName.address);
    await rejectsWithCode(lost.createCertificate(order, never), "CA_UNREACHABLE");
    await wrongName.close();
    assert.equal(ca.calls.length + wrongName.calls.length, 0);
  });

  it("throws CA_UNREACHABLE for a server that is not trusted, even if the reason cannot be explained", async () => {
    const stranger = await createTestAuthority("Stranger");
    const explain = async () => {
      throw new Error("EMFILE");
    };
    const mute = new CaClient(ca.address, { explain });
    const roots = TrustBundle.from([stranger.certificate]);
    await rejectsWithCode(mute.createCertificate({ ...order, roots }, never), "CA_UNREACHABLE");
  });

  it("throws CA_UNREACHABLE if nothing listens or the server hangs up", async () => {
    const nobody = new CaClient({ host: "127.0.0.1", port: await freePort() });
    await rejectsWithCode(nobody.createCertificate(order, never), "CA_UNREACHABLE");
    const rude = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    await new Promise((resolve) => rude.once("listening", resolve));
    const bound = rude.address();
    assert.ok(bound !== null && typeof bound === "object");
    const refused = new CaClient({ host: "127.0.0.1", port: bound.port });
    await rejectsWithCode(refused.createCertificate(order, never), "CA_UNREACHABLE");
    rude.close();
  });

  it("passes on the CA's refusal message and its requested delay", async () => {
    ca.answer = () =>
      Promise.reject(new FakeRefusal({ code: 16, message: "TOKEN_AUDIENCE: expected istio-ca" }));
    const refused = await rejectsWithCode(client.createCertificate(order, never), "CA_REFUSED");
    assert.match(refused.message, /TOKEN_AUDIENCE: expected istio-ca/);
    ca.answer = () => Promise.reject(new FakeRefusal({ code: 14, message: "later", retryAfterMs: 7_000 }));
    const busy = await rejectsWithCode(client.createCertificate(order, never), "CA_UNAVAILABLE");
    assert.equal((busy as unknown as AgentError).retryAfterMs, 7_000);
    ca.answer = () => Promise.reject(new FakeRefusal({ code: 13, message: "oops" }));
    await rejectsWithCode(client.createCertificate(order, never), "CA_UNAVAILABLE");
  });

  it("keeps the CA's machine-readable code, reference and fix", async () => {
    const metadata = { fix: "mount another token", referenceId: "9f2c51d07ab4" };
    const refuseAs = async (domain: string, reason: string) => {
      const errorInfo = { reason, domain, metadata };
      const details = encodeStatusDetails({ code: 16, message: "no", errorInfo });
      ca.answer = () => Promise.reject(new FakeRefusal({ code: 16, message: "no", details }));
      const error: unknown = await rejectsWithCode(client.createCertificate(order, never), "CA_REFUSED");
      return (error as AgentError).refusal;
    };
    assert.deepEqual(await refuseAs("kasbah", "TOKEN_AUDIENCE"), { code: "TOKEN_AUDIENCE", ...metadata });
    assert.equal(await refuseAs("somebody.else", "TOKEN_AUDIENCE"), undefined);
    assert.equal(await refuseAs("kasbah", "no code\n"), undefined);
  });

  it("removes a token or PEM that the CA echoes, even if truncated", async () => {
    const token = `eyJhbGciOiJSUzI1NiJ9.${"x".repeat(2_000)}.c2lnbmF0dXJl`;
    const pem = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----";
    for (const echoed of [token, pem]) {
      const said = `not valid: ${echoed}`;
      const metadata = { fix: said, referenceId: echoed };
      const errorInfo = { reason: "TOKEN_AUDIENCE", domain: "kasbah", metadata };
      const details = encodeStatusDetails({ code: 16, message: "no", errorInfo });
      ca.answer = () => Promise.reject(new FakeRefusal({ code: 16, message: said.slice(0, 3_000), details }));
      const error: unknown = await rejectsWithCode(client.createCertificate(order, never), "CA_REFUSED");
      const { message, refusal } = error as AgentError;
      assert.match(message, /redacted/);
      assert.doesNotMatch(JSON.stringify([message, refusal]), /eyJ|xxx|MIGH|PRIVATE/);
    }
  });

  it("ignores malformed error details of the CA", async () => {
    const details = Buffer.alloc(512, 0xff);
    ca.answer = () => Promise.reject(new FakeRefusal({ code: 16, message: "no", details }));
    const error: unknown = await rejectsWithCode(client.createCertificate(order, never), "CA_REFUSED");
    assert.equal((error as AgentError).refusal, undefined);
  });

  it("closes the connection to the CA after every outcome", async () => {
    await client.createCertificate(order, never);
    await client.createCertificate(order, never);
    const [first, second] = ca.calls.map(({ peerAddress }) => peerAddress);
    assert.notEqual(first, second);
  });

  it("does not retry a call to the CA", async () => {
    ca.answer = () => Promise.reject(new FakeRefusal({ code: 14, message: "busy" }));
    await rejectsWithCode(client.createCertificate(order, never), "CA_UNREACHABLE");
    assert.equal(ca.calls.length, 1);
  });

  it("connects to a CA that restarted with a new root once it trusts that root", async () => {
    await client.createCertificate(order, never);
    const { port } = ca.address;
    await ca.close();
    await rejectsWithCode(client.createCertificate(order, never), "CA_UNREACHABLE");
    ca = await startFakeCa({ now, port });
    await rejectsWithCode(client.createCertificate(order, never), "CA_UNREACHABLE");
    const roots = TrustBundle.from([ca.authority.certificate]);
    assert.equal((await client.createCertificate({ ...order, roots }, never)).length, 2);
  });

  it("stops a call to the CA immediately when its signal aborts", async () => {
    const stop = new AbortController();
    ca.answer = () => {
      stop.abort();
      return new Promise(() => {});
    };
    const call = client.createCertificate(order, stop.signal);
    await assert.rejects(call, { name: "AbortError" });
  });

  it("accepts only the configured server name in the CA's certificate", async () => {
    const named = await startFakeCa({
      now,
      authority: ca.authority,
      servingNames: ["istiod.istio-system.svc"],
    });
    const byName = new CaClient(named.address, { serverName: "istiod.istio-system.svc" });
    assert.equal((await byName.createCertificate(order, never)).length, 2);
    const wrong = new CaClient(named.address, { serverName: "istiod.other.svc" });
    await rejectsWithCode(wrong.createCertificate(order, never), "CA_UNREACHABLE");
    assert.equal(named.calls.length, 1);
    await named.close();
  });

  it("row 41: connects to another address of a name if one of its addresses is dead", async () => {
    // The server listens on 127.0.0.1 only; localhost may also resolve to ::1, and first.
    const byName = new CaClient({ host: "localhost", port: ca.address.port });
    assert.equal((await byName.createCertificate(order, never)).length, 2);
  });

  it("authenticates to the CA with a certificate and no token", async () => {
    const keyPair = await createKeyPair("P-256");
    const spiffeId = parseSpiffeId("spiffe://cluster.local/ns/a/sa/b");
    const names = [{ kind: "uri" as const, value: spiffeId.toString() }];
    const leaf = await ca.authority.issue({ publicKey: keyPair.publicKey, names });
    const certificate = { spiffeId, chainPem: leaf.toPem(), key: new Secret(keyPair.toPkcs8Pem()) };
    const { csrPem, ttlMs, deadlineMs, roots } = order;
    await client.createCertificate({ csrPem, ttlMs, deadlineMs, roots, certificate }, never);
    assert.equal(ca.calls[0]?.authorization, "");
    assert.equal(ca.calls[0]?.peerLeaf?.fingerprint, leaf.fingerprint);
  });

  it("sends the configured headers and signer with each call, and no header that replaces the token", async () => {
    const headers = { clusterid: "cluster-1", "x-tenant": "blue" };
    const told = new CaClient(ca.address, { headers, certSigner: "signers.example/one" });
    await told.createCertificate(order, never);
    const [call] = ca.calls;
    assert.equal(call?.header("clusterid"), "cluster-1");
    assert.equal(call?.header("x-tenant"), "blue");
    assert.equal(call?.request.certSigner, "signers.example/one");
    assert.equal(call?.authorization, "Bearer a.b.c");
  });

  it("lists the roots of its root file, and no header without a file", async () => {
    await client.createCertificate({ ...order, inFile: TrustBundle.from([ca.authority.certificate]) }, never);
    await client.createCertificate(order, never);
    const [shown, silent] = ca.calls.map((call) => call.header("kasbah-ca-roots"));
    assert.deepEqual([shown, silent], [ca.authority.certificate.fingerprint.slice(0, 16), ""]);
  });

  it("sends the token as a bearer token and the lifetime in seconds", async () => {
    await client.createCertificate(order, never);
    assert.equal(ca.calls[0]?.authorization, "Bearer a.b.c");
    assert.equal(ca.calls[0]?.request.validityDurationSeconds, 90);
  });
});
