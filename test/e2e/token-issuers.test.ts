import assert from "node:assert/strict";
import { rename, writeFile } from "node:fs/promises";
import { createTokenIssuer, type DevTokenIssuer } from "@kasbah/certs-dev";
import { createCertificateRequest, createKeyPair, parseSpiffeId } from "@kasbah/pki";
import { createCertificate, decodeErrorInfo } from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import {
  type FakeKubernetesApi,
  ProxyServer,
  rawCall,
  startFakeKubernetesApi,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { IssuerServer } from "../../packages/ca-server/src/outbound/proxy/issuer-server.fixture.ts";
import { type RunningCa, startCa } from "../harness/ca-process.ts";
import { currentKasbah } from "../harness/kasbah-command.ts";

const wellKnown = "/.well-known/openid-configuration";

/** A certificate with its key, for a TLS client. */
interface Held {
  readonly cert: string;
  readonly key: string;
}

interface Answer {
  /** `ISSUED`, or the code of the refusal. */
  readonly code: string;
  readonly reference: string;
  readonly held: Held | undefined;
}

describe("Token issuers of a running CA", () => {
  let directory: TemporaryDirectory;
  let kubernetes: FakeKubernetesApi;
  let server: IssuerServer;
  let proxy: ProxyServer;
  let minters: { prod: DevTokenIssuer; dev: DevTokenIssuer; direct: DevTokenIssuer; cluster: DevTokenIssuer };
  let ca: RunningCa;
  let entries: { prod: string; dev: string; direct: string };

  before(async () => {
    directory = await temporaryDirectory();
    [kubernetes, server, proxy] = await Promise.all([
      startFakeKubernetesApi(),
      IssuerServer.start(),
      ProxyServer.start(),
    ]);
    const prodName = `https://issuer.test:${server.port}`;
    const [prod, dev, direct, cluster] = await Promise.all(
      [prodName, "https://dev.test", "https://direct.test", "https://cluster.test"].map((issuer) =>
        createTokenIssuer({ issuer }),
      ),
    );
    assert.ok(prod && dev && direct && cluster);
    minters = { prod, dev, direct, cluster };
    server.answers.set(wellKnown, JSON.stringify({ issuer: prodName, jwks_uri: `${prodName}/keys` }));
    server.answers.set("/keys", JSON.stringify(prod.jwks()));
    server.answers.set("/direct", JSON.stringify(direct.jwks()));
    await writeFile(directory.join("issuer-ca.pem"), server.rootPem);
    await writeFile(directory.join("api-ca.pem"), kubernetes.rootPem);
    await writeFile(directory.join("api-token"), "the-token-of-the-ca");
    await writeFile(directory.join("dev.json"), JSON.stringify(dev.jwks()));
    const common = `audiences: [istio-ca], caFile: ${directory.join("issuer-ca.pem")}`;
    entries = {
      prod: `{ issuer: "${prodName}", proxy: env, ${common} }`,
      direct: `{ issuer: "https://direct.test", jwks: "${server.origin}/direct", ${common} }`,
      dev: `{ issuer: "https://dev.test", jwks: ${directory.join("dev.json")}, audiences: [istio-ca], namespaces: [dev-*] }`,
    };
    await save(entries.prod, entries.direct, entries.dev);
    const policy = ["version: 1", "default: { allow: true }", "rules:"];
    const rule = "  - { name: no-dev, issuers: [https://dev.test], namespaces: [dev-secret], allow: false }";
    await writeFile(directory.join("policy.yaml"), [...policy, rule, ""].join("\n"));
    const api = ["--kubernetes-api", kubernetes.url.href, "--allow-address", "127.0.0.1"];
    const files = ["--kubernetes-ca-file", "api-ca.pem", "--kubernetes-token-file", "api-token"];
    const own = ["--token-issuers", "issuers.yaml", "--policy", "policy.yaml"];
    const paths = [...files, ...own].map((each) => (each.startsWith("--") ? each : directory.join(each)));
    ca = await startCa({
      withIssuer: false,
      flags: [...api, ...paths],
      // The first makes Node's own global agents obey the second.
      env: { NODE_USE_ENV_PROXY: "1", HTTPS_PROXY: proxy.url.href },
    });
  });

  after(async () => {
    await ca?.stop();
    for (const each of [server, proxy]) await each?.[Symbol.asyncDispose]();
    await kubernetes?.close();
    await directory?.remove();
  });

  async function save(...issuers: string[]): Promise<void> {
    const path = directory.join("issuers.yaml");
    await writeFile(
      `${path}.new`,
      `version: 1\nissuers:\n${issuers.map((each) => `  - ${each}\n`).join("")}`,
    );
    await rename(`${path}.new`, path);
  }

  const idIn = (namespace: string) => parseSpiffeId(`spiffe://cluster.local/ns/${namespace}/sa/frontend`);

  /** A token of the issuer, or the certificate that an earlier call obtained. */
  async function ask(credential: DevTokenIssuer | Held, namespace: string): Promise<Answer> {
    const keyPair = await createKeyPair("P-256");
    const csr = createCertificateRequest(keyPair, idIn(namespace));
    const order = { csr, validityDurationSeconds: 0, impersonatedIdentity: "", certSigner: "" };
    const reply = await rawCall({
      ...{ port: ca.port, ca: ca.rootPem, path: createCertificate.path },
      body: createCertificate.request.encode(order),
      ...("cert" in credential ? { tls: credential } : { headers: await tokenFor(credential, namespace) }),
    });
    const details = reply.metadata["grpc-status-details-bin"];
    if (details === undefined) {
      const { certChain } = createCertificate.response.decode(reply.body);
      const held = { cert: certChain.slice(0, -1).join(""), key: keyPair.toPkcs8Pem() };
      return { code: "ISSUED", reference: "", held };
    }
    const { reason, metadata } = decodeErrorInfo(Buffer.from(String(details), "base64")) ?? assert.fail();
    return { code: reason, reference: metadata["referenceId"] ?? "", held: undefined };
  }

  async function tokenFor(minter: DevTokenIssuer, namespace: string) {
    const token = await minter.mint({ namespace, serviceAccount: "frontend", now: systemClock.now() });
    return { authorization: `Bearer ${token}` };
  }
  const codeOf = async (by: DevTokenIssuer | Held, namespace: string) => (await ask(by, namespace)).code;
  const untilCode = (what: string, code: string, minter: DevTokenIssuer, namespace: string) =>
    ca.process.until(what, async () => (await codeOf(minter, namespace)) === code);

  it("issues to callers of each issuer, of the file and of the cluster", async () => {
    const { prod, direct, dev, cluster } = minters;
    assert.equal(await codeOf(prod, "payments"), "ISSUED");
    assert.equal(await codeOf(direct, "payments"), "ISSUED");
    assert.equal(await codeOf(dev, "dev-1"), "ISSUED");
    assert.equal(await codeOf(cluster, "demo"), "ISSUED");
  });

  it("sends only the key sets of issuers with a proxy through it, and no call to the Kubernetes API", async () => {
    const heads = proxy.heads.map((head) => head.split("\r\n", 1)[0]);
    assert.ok(heads.length >= 2);
    assert.deepEqual(new Set(heads), new Set([`CONNECT issuer.test:${server.port} HTTP/1.1`]));
    assert.ok(kubernetes.calls.some(({ path }) => path.endsWith("/tokenreviews")));
    assert.ok(server.calls.some(({ path }) => path === "/direct"));
    assert.equal(proxy.saw("the-token-of-the-ca") || proxy.saw('"keys"'), false);
  });

  it("refuses a caller outside the scope of its issuer, and kasbah why names the issuer and the scope", async () => {
    const { code, reference } = await ask(minters.dev, "payments");
    assert.equal(code, "OUTSIDE_ISSUER_SCOPE");
    const { said } = await currentKasbah(["why", reference, "--state-dir", ca.stateDir]);
    assert.match(said, /caller +spiffe:\/\/cluster\.local\/ns\/payments\/sa\/frontend\n/);
    assert.match(said, /credential +jwks-token of https:\/\/dev\.test\n/);
    assert.match(said, /expected +a namespace of \[dev-\*\] and a service account of \[\*\]\n/);
  });

  it("applies the rules of the policy for the issuer of the token", async () => {
    const { code, reference } = await ask(minters.dev, "dev-secret");
    assert.equal(code, "IDENTITY_NOT_ALLOWED");
    const { said } = await currentKasbah(["why", reference, "--state-dir", ca.stateDir]);
    assert.match(said, /rule +no-dev\n/);
    assert.equal(await codeOf(minters.prod, "dev-secret"), "ISSUED");
    const rule = await currentKasbah([
      "why",
      "spiffe://cluster.local/ns/dev-secret/sa/x",
      "--state-dir",
      ca.stateDir,
    ]);
    assert.match(rule.said, /rule +default\n(.*\n)*? +by issuer +no-dev for https:\/\/dev\.test\n/);
  });

  it("refuses the tokens of an issuer as soon as the file no longer lists it, and accepts them when it does again", async () => {
    kubernetes.verdict = () => ({ error: "unknown issuer" });
    await save(entries.prod, entries.direct);
    await untilCode("the removal", "TOKEN_REJECTED", minters.dev, "dev-1");
    assert.equal(await codeOf(minters.prod, "payments"), "ISSUED");
    await save(entries.prod, entries.direct, entries.dev);
    await untilCode("the addition", "ISSUED", minters.dev, "dev-1");
  });

  it("renews certificates of an issuer within its scope and the rules for it, and not at all after its removal", async () => {
    const [prod, dev] = [await ask(minters.prod, "payments"), await ask(minters.dev, "dev-1")];
    assert.ok(prod.held && dev.held);
    const renewed = await ask(dev.held, "dev-1");
    assert.ok(renewed.held, renewed.code);
    await save(entries.prod, entries.direct, entries.dev.replace("dev-*", "dev-2"));
    await untilCode("the new scope", "OUTSIDE_ISSUER_SCOPE", minters.dev, "dev-1");
    assert.equal(await codeOf(renewed.held, "dev-1"), "OUTSIDE_ISSUER_SCOPE");
    await save(entries.prod, entries.direct);
    await untilCode("the removal", "TOKEN_REJECTED", minters.dev, "dev-2");
    for (const held of [dev.held, renewed.held]) {
      assert.equal(await codeOf(held, "dev-1"), "CLIENT_CERTIFICATE_REJECTED");
    }
    assert.equal(await codeOf(prod.held, "payments"), "ISSUED");
    await save(entries.prod, entries.direct, entries.dev);
    await untilCode("the addition", "ISSUED", minters.dev, "dev-1");
    assert.equal(await codeOf(renewed.held, "dev-1"), "ISSUED");
  });

  it("keeps the issuers while the file is invalid, with a warning, and stays ready", async () => {
    await save("{}");
    const warnings = async () => (await ca.process.readiness()).warnings?.join() ?? "";
    await ca.process.until("the warning", async () =>
      /file of token issuers .* is invalid/.test(await warnings()),
    );
    assert.equal(await ca.process.isReady(), true);
    assert.equal(await codeOf(minters.dev, "dev-1"), "ISSUED");
    await save(entries.prod, entries.direct, entries.dev);
    await ca.process.until("its end", async () => !/file of token issuers/.test(await warnings()));
  });
});
