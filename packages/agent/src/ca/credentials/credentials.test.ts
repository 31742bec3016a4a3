import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { createKeyPair, parseSpiffeId, parseTrustDomain } from "@kasbah/pki";
import { Secret } from "@kasbah/runtime";
import {
  createTestAuthority,
  FakeClock,
  mintSecret,
  recordingLogger,
  rejectsWithCode,
  type TemporaryDirectory,
  type TestAuthority,
  temporaryDirectory,
  throwsWithCode,
} from "@kasbah/testkit";
import { AgentError } from "../../errors.ts";
import { SecretStore } from "../../secret/secret-store.ts";
import { type CredentialDeps, gatherCredentials, type HeldCertificate } from "./credentials.ts";
import { ownCertificate } from "./own-certificate.ts";
import { readProvidedCertificate } from "./provided-certificate.ts";
import { refuseExpiredToken } from "./token-file.ts";

const now = new Date("2030-01-01T00:00:00Z");
const frontend = parseSpiffeId("spiffe://cluster.local/ns/demo/sa/frontend");
const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;
const token = new Secret(jwt({ sub: "system:serviceaccount:demo:frontend" }));

describe("gatherCredentials", () => {
  const identity = {
    trustDomain: parseTrustDomain("cluster.local"),
    namespace: undefined,
    serviceAccount: undefined,
  };
  const held = (name: string): HeldCertificate => ({
    spiffeId: parseSpiffeId(name),
    chainPem: "chain",
    key: new Secret("key"),
  });
  const gather = (sources: Partial<CredentialDeps>) =>
    gatherCredentials({ identity, readToken: async () => token, ...sources });
  const gone = async () => {
    throw new AgentError("TOKEN_EXPIRED", "gone");
  };

  it("throws the token's error if there is no other credential", async () => {
    await rejectsWithCode(gather({ readToken: gone }), "TOKEN_EXPIRED");
    await rejectsWithCode(gather({ readToken: gone, current: () => undefined }), "TOKEN_EXPIRED");
  });

  it("rejects credentials that have different names", async () => {
    const other = held("spiffe://cluster.local/ns/demo/sa/backend");
    await rejectsWithCode(gather({ readProvided: async () => other }), "CONFIG_INVALID");
    const configured = { ...identity, serviceAccount: "frontend" };
    const sources = { readToken: gone, current: () => other, identity: configured };
    await rejectsWithCode(gather(sources), "CONFIG_INVALID");
    const elsewhere = { ...identity, trustDomain: parseTrustDomain("other.example") };
    const own = held(frontend.toString());
    await rejectsWithCode(
      gather({ readToken: gone, current: () => own, identity: elsewhere }),
      "CONFIG_INVALID",
    );
  });

  it("returns only the token while it is usable, without the workload's own certificate", async () => {
    const current = () => assert.fail("not asked");
    assert.deepEqual(await gather({ current }), { spiffeId: frontend, token });
  });

  it("returns the workload's own certificate if the token cannot be used", async () => {
    const own = held(frontend.toString());
    const credentials = await gather({ readToken: gone, current: () => own });
    assert.deepEqual(credentials, { spiffeId: frontend, certificate: own });
  });

  it("returns the provided certificate with or without a token", async () => {
    const provided = held(frontend.toString());
    const readProvided = async () => provided;
    assert.deepEqual(await gather({ readProvided }), { spiffeId: frontend, token, certificate: provided });
    const credentials = await gather({ readProvided, readToken: gone });
    assert.deepEqual(credentials, { spiffeId: frontend, certificate: provided });
  });

  it("rethrows unexpected errors", async () => {
    const readToken = async () => {
      throw new TypeError("a bug");
    };
    await assert.rejects(gather({ readToken, current: () => held(frontend.toString()) }), TypeError);
  });

  it("returns the workload's own certificate only while it is valid", async () => {
    const clock = new FakeClock(now);
    const store = new SecretStore(clock);
    assert.equal(ownCertificate(store), undefined);
    store.publish(await mintSecret({ receivedAt: now, ttlMs: 60_000 }));
    assert.ok(ownCertificate(store)?.spiffeId.equals(frontend));
    clock.jump(60_000);
    assert.equal(ownCertificate(store), undefined);
  });
});

describe("refuseExpiredToken", () => {
  const expiringAt = (exp: unknown) => new Secret(jwt({ exp }));
  const seconds = now.getTime() / 1_000;

  it("rejects a token five seconds after its expiry, without quoting it", () => {
    for (const exp of [seconds - 5, seconds - 3_600, 0, -1]) {
      const ended = expiringAt(exp);
      const { message } = throwsWithCode(() => refuseExpiredToken(ended, "/token", now), "TOKEN_EXPIRED");
      assert.match(message, /\/token expired \d+ s ago/);
      assert.ok(!message.includes(ended.reveal()));
    }
  });

  it("leaves tokens that it cannot judge to the CA", () => {
    for (const exp of [seconds - 4, seconds + 1, undefined, "soon", 1e300, null]) {
      refuseExpiredToken(expiringAt(exp), "/token", now);
    }
    refuseExpiredToken(new Secret("opaque"), "/token", now);
  });
});

describe("readProvidedCertificate", () => {
  let directory: TemporaryDirectory;
  let authority: TestAuthority;
  let clock: FakeClock;
  let logger: ReturnType<typeof recordingLogger>;

  before(async () => {
    authority = await createTestAuthority();
  });

  beforeEach(async () => {
    directory = await temporaryDirectory();
    clock = new FakeClock(now);
    logger = recordingLogger();
  });

  afterEach(() => directory.remove());

  const provide = async (notAfter: Date, names = [{ kind: "uri" as const, value: frontend.toString() }]) => {
    const keyPair = await createKeyPair("P-256");
    const leaf = await authority.issue({ publicKey: keyPair.publicKey, names, notAfter });
    await writeFile(directory.join("cert-chain.pem"), leaf.toPem() + authority.rootPem);
    await writeFile(directory.join("key.pem"), keyPair.toPkcs8Pem());
    return leaf;
  };
  const read = () => readProvidedCertificate({ directory: directory.join("."), clock, logger });
  const hour = new Date("2030-01-01T01:00:00Z");

  it("returns undefined and logs a warning without the key if the certificate is missing, incomplete, expired or without a SPIFFE ID", async () => {
    assert.equal(await read(), undefined);
    await provide(hour);
    await writeFile(directory.join("key.pem"), (await createKeyPair("P-256")).toPkcs8Pem());
    assert.equal(await read(), undefined);
    await writeFile(directory.join("key.pem"), "-----BEGIN PRIVATE KEY-----\nhalf");
    assert.equal(await read(), undefined);
    await provide(hour, [{ kind: "uri", value: "https://example.com" }]);
    assert.equal(await read(), undefined);
    await provide(hour);
    clock.jump(3_600_000);
    assert.equal(await read(), undefined);
    assert.equal(logger.events.length, 5);
    assert.ok(!JSON.stringify(logger.events).includes("BEGIN"));
  });

  it("reads the provided certificate for each call and omits its root", async () => {
    const first = await provide(hour);
    assert.equal((await read())?.chainPem, first.toPem());
    const second = await provide(hour);
    const found = await read();
    assert.equal(found?.chainPem, second.toPem());
    assert.ok(found.spiffeId.equals(frontend));
  });
});
