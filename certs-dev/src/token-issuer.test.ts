import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { calculateJwkThumbprint, createLocalJWKSet, jwtVerify } from "jose";
import { createTokenIssuer, loadTokenIssuer } from "./token-issuer.ts";

const now = new Date("2026-11-20T12:00:00Z");
const request = { namespace: "demo", serviceAccount: "frontend", now };

describe("DevTokenIssuer", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "kasbah-certs-dev-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it("never overwrites a key", async () => {
    const first = await createTokenIssuer({ issuer: "https://dev.invalid" });
    await first.save(join(directory, "out"));
    const second = await createTokenIssuer({ issuer: "https://dev.invalid" });
    await assert.rejects(second.save(join(directory, "out")), { code: "ISSUER_EXISTS" });
  });

  it("stores its key in a file that only the owner can read, in a folder that only the owner can enter", async () => {
    const issuer = await createTokenIssuer({ issuer: "https://dev.invalid" });
    await issuer.save(join(directory, "a/out"));
    assert.equal((await stat(join(directory, "a/out"))).mode & 0o777, 0o700);
    assert.equal((await stat(join(directory, "a/out/token-key.pem"))).mode & 0o777, 0o600);
    assert.doesNotMatch(await readFile(join(directory, "a/out/jwks.json"), "utf8"), /"d"/);
  });

  it("reports that a folder contains no issuer", async () => {
    await assert.rejects(loadTokenIssuer(directory), { code: "ISSUER_MISSING" });
  });

  it("mints tokens like those of Kubernetes: subject, audience list, pod and service account", async () => {
    const issuer = await createTokenIssuer({ issuer: "https://dev.invalid" });
    const { payload, protectedHeader } = await jwtVerify(
      await issuer.mint(request),
      createLocalJWKSet(issuer.jwks()),
      { issuer: "https://dev.invalid", audience: "istio-ca", currentDate: now },
    );
    assert.equal(protectedHeader.alg, "ES256");
    assert.equal(payload.sub, "system:serviceaccount:demo:frontend");
    assert.deepEqual(payload.aud, ["istio-ca"]);
    assert.equal(payload.exp, now.getTime() / 1000 + 3600);
    const kubernetes = payload["kubernetes.io"] as { pod: { name: string; uid: string } };
    assert.match(kubernetes.pod.name, /^frontend-[b-z2-9]{10}-[b-z2-9]{5}$/);
    assert.match(kubernetes.pod.uid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("uses the RFC 7638 thumbprint of its key as the key ID", async () => {
    const [key] = (await createTokenIssuer({ issuer: "https://dev.invalid" })).jwks().keys;
    assert.ok(key);
    assert.equal(key.kid, await calculateJwkThumbprint(key));
  });

  it("mints tokens that verify under the same key after it was saved and loaded", async () => {
    const issuer = await createTokenIssuer({ issuer: "https://dev.invalid" });
    await issuer.save(join(directory, "out"));
    const loaded = await loadTokenIssuer(join(directory, "out"));
    assert.deepEqual(loaded.jwks(), issuer.jwks());
    assert.equal(loaded.issuer, "https://dev.invalid");
  });

  it("lets a test replace or remove any claim", async () => {
    const issuer = await createTokenIssuer({ issuer: "https://dev.invalid" });
    const token = await issuer.mint({ ...request, claims: { sub: "another-subject", nbf: undefined } });
    const { payload } = await jwtVerify(token, createLocalJWKSet(issuer.jwks()), { currentDate: now });
    assert.equal(payload.sub, "another-subject");
    assert.equal("nbf" in payload, false);
  });
});
