import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:tls";
import { createCertificateRequest, createKeyPair, parseSpiffeId, TrustBundle } from "@kasbah/pki";
import { Secret } from "@kasbah/runtime";
import { createTestAuthority, type LeafOrder, rejectsWithCode, type TestAuthority } from "@kasbah/testkit";
import { CaClient } from "./ca-client.ts";
import { describeRejectedServer } from "./rejected-server.ts";

const never = new AbortController().signal;
const now = new Date(Math.floor(Date.UTC(2026, 0, 1) / 1_000) * 1_000);

describe("CaClient with a server that is not trusted", () => {
  let authority: TestAuthority;
  let other: TestAuthority;
  const servers: Server[] = [];

  before(async () => {
    [authority, other] = await Promise.all([
      createTestAuthority("Mesh root"),
      createTestAuthority("Other root"),
    ]);
  });
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  /** Calls a server with this certificate, and returns the message of the refusal. */
  async function refusal(
    by: TestAuthority,
    order: Partial<LeafOrder>,
    trusted = authority,
    more = "",
  ): Promise<string> {
    const keyPair = await createKeyPair("P-256");
    const names = [{ kind: "ip", value: "127.0.0.1" } as const];
    const leaf = await by.issue({ publicKey: keyPair.publicKey, names, ...order });
    const server = createServer({
      cert: leaf.toPem() + more,
      key: keyPair.toPkcs8Pem(),
      ALPNProtocols: ["h2"],
    });
    servers.push(server);
    server.on("tlsClientError", () => {});
    await once(server.listen(0, "127.0.0.1"), "listening");
    const bound = server.address();
    assert.ok(typeof bound === "object" && bound !== null);
    const expected = { rootsPlace: "/etc/root.pem", serverName: "127.0.0.1", now: new Date() };
    const client = new CaClient(
      { host: "127.0.0.1", port: bound.port },
      {
        explain: async (rejection, { roots }) =>
          describeRejectedServer(rejection, { ...expected, rootsPem: roots.toPem() }),
      },
    );
    const csrPem = createCertificateRequest(keyPair, parseSpiffeId("spiffe://cluster.local/ns/a/sa/b"));
    const roots = TrustBundle.from([trusted.certificate]);
    const call = { csrPem, ttlMs: 90_000, deadlineMs: 10_000, token: new Secret("a.b.c"), roots };
    const { message } = await rejectsWithCode(client.createCertificate(call, never), "CA_UNREACHABLE");
    assert.ok(message.startsWith(`cannot reach a trusted CA at 127.0.0.1:${bound.port}: `), message);
    return message;
  }
  const hours = (count: number) => new Date(Math.floor(Date.now() / 1_000) * 1_000 + count * 3_600_000);

  it("names both roots by subject and SHA-256, the key that issued the chain, and the file to replace", async () => {
    const message = await refusal(other, {});
    assert.match(message, /no trusted root issued its certificate \(UNABLE_TO_/);
    assert.match(message, /its chain ends in .*, issued by ".*O=Other root", key ID [0-9a-f]{40}/);
    assert.ok(message.includes(`O=Mesh root" (SHA-256 ${authority.certificate.fingerprint})`), message);
    assert.match(
      message,
      /if this is the right CA, replace \/etc\/root\.pem by its roots, otherwise correct --ca-address$/,
    );
  });

  it("names the root that the server sent, and says that a root of the same name has another key", async () => {
    const again = await createTestAuthority("Mesh root");
    const message = await refusal(again, {}, authority, again.rootPem);
    const root = `O=Mesh root" (SHA-256 ${again.certificate.fingerprint})`;
    assert.ok(message.includes("its chain ends in the root ") && message.includes(root), message);
    assert.match(message, /: the same name, but another key; if this/);
  });

  it("lists the names of a certificate that is for another server", async () => {
    const names = [{ kind: "dns", value: "istiod.istio-system.svc" } as const];
    const message = await refusal(authority, { names });
    assert.match(
      message,
      /is for "DNS:istiod\.istio-system\.svc", not for 127\.0\.0\.1; .*set --ca-server-name/,
    );
  });

  it("says when a certificate expired, and what to do", async () => {
    const message = await refusal(authority, { notBefore: hours(-4), notAfter: hours(-3) });
    assert.match(message, /\(SHA-256 [0-9a-f]{64}\) expired 3h\d*s? ago \(20.*Z\); renew it/);
  });

  it("says how far the local clock is behind the CA's at least", async () => {
    const message = await refusal(authority, { notBefore: hours(2), notAfter: hours(3) });
    assert.match(
      message,
      /the local clock is behind by at least (2h|1h59m\d+s), unless .*: set the local clock$/,
    );
  });
});

describe("describeRejectedServer", () => {
  const expected = { rootsPlace: "SYSTEM", serverName: "ca", now };

  it("names at most three of many roots, and cuts and escapes what a server may choose", async () => {
    const roots = await Promise.all([1, 2, 3, 4, 5].map((number) => createTestAuthority(`Root ${number}`)));
    const hostile = await createTestAuthority(`Evil \u001B[31m${"x".repeat(1_000)}`).catch(() => undefined);
    const from = hostile ?? (await createTestAuthority("Evil"));
    const rootsPem = roots.map(({ rootPem }) => rootPem).join("");
    const rejection = { chain: [from.certificate.der], code: "DEPTH_ZERO_SELF_SIGNED_CERT" };
    const message = describeRejectedServer(rejection, { ...expected, rootsPem });
    assert.match(message, /Root 1.*Root 2.*Root 3" \(SHA-256 [0-9a-f]{64}\) and 2 more/);
    assert.ok(message.length < 1_000 && !message.includes("\u001B"), message);
  });

  it("adds how far the CA's clock was ahead when it was last measured", async () => {
    const root = await createTestAuthority("New");
    const rejection = { chain: [root.certificate.der], code: "CERT_NOT_YET_VALID" };
    const before = new Date(root.certificate.notBefore.getTime() - 60_000);
    const times = { now: before, clockOffsetMs: 75_300 };
    const message = describeRejectedServer(rejection, { ...expected, rootsPem: root.rootPem, ...times });
    assert.match(message, /behind by at least 1m \(by 1m15s when the CA last replied\), unless/);
  });

  it("blames the date of a trusted root that expired", async () => {
    const root = await createTestAuthority("Old");
    const keyPair = await createKeyPair("P-256");
    const names = [{ kind: "dns", value: "ca" } as const];
    const leaf = await root.issue({ publicKey: keyPair.publicKey, names });
    const after = new Date(root.certificate.notAfter.getTime() + 5_000);
    const rejection = { chain: [leaf.der], code: "CERT_HAS_EXPIRED" };
    const message = describeRejectedServer(rejection, { ...expected, rootsPem: root.rootPem, now: after });
    assert.match(message, /expired .* ago/);
  });
});
