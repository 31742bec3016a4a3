import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { createTokenIssuer, type DevTokenIssuer } from "@kasbah/certs-dev";
import { parseTrustDomain, TrustBundle } from "@kasbah/pki";
import {
  acceptedReview,
  createTestAuthority,
  eventually,
  FakeClock,
  type FakeKubernetesApi,
  recordingLogger,
  rejectsWithCode,
  startFakeKubernetesApi,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { KubernetesClient } from "../kubernetes/api/api-client.ts";
import { readOwnAccount } from "../kubernetes/api/own-account.ts";
import { readIssuerKeys } from "../kubernetes/pods/issuer-keys.ts";
import { PodInformer } from "../kubernetes/pods/pod-informer.ts";
import { KubernetesPods } from "../kubernetes/pods/pods.ts";
import { reviewToken } from "../kubernetes/pods/token-review.ts";
import { AddressRules } from "../outbound/address-rules.ts";
import { type Authn, type AuthnDeps, createAuthn } from "./create-authn.ts";
import type { ReviewToken } from "./ports.ts";

const [issuer, listed, cluster] = [
  "https://issuer.test",
  "https://listed.test",
  "https://cluster.test",
] as const;
const ztunnel = "system:serviceaccount:istio-system:ztunnel";
const about = "authentication.kubernetes.io";

/** No way to authenticate a caller by token. */
const unset = {
  jwks: undefined,
  jwksCaFile: undefined,
  jwksTokenFile: undefined,
  jwksProxy: { kind: "none" },
  tokenIssuer: undefined,
  tokenAudience: ["istio-ca"],
  tokenIssuers: undefined,
  allowAddress: [],
  kubernetesApi: undefined,
  noClientCertificates: false,
  renewWithoutPod: false,
  maxRenewalAge: 3_600_000,
  trustedNodeAccount: [],
  policy: undefined,
  logLevel: "silent",
  logFormat: "json",
} as const;

describe("createAuthn", () => {
  let directory: TemporaryDirectory;
  let api: FakeKubernetesApi;
  let tokens: DevTokenIssuer;
  let clock: FakeClock;
  let started: Authn[];
  let judged: string[];

  before(async () => {
    directory = await temporaryDirectory();
    api = await startFakeKubernetesApi();
    tokens = await createTokenIssuer({ issuer });
    await writeFile(directory.join("ca.pem"), api.rootPem);
    await writeFile(directory.join("token"), "own");
    await writeFile(directory.join("jwks.json"), JSON.stringify(tokens.jwks()));
    const lines = ["version: 1", "issuers:", `  - issuer: ${listed}`, "    audiences: [mesh]"];
    await writeFile(
      directory.join("issuers.yaml"),
      [...lines, `    jwks: ${directory.join("jwks.json")}`].join("\n"),
    );
  });

  beforeEach(() => {
    clock = new FakeClock("2030-01-01T00:00:00Z");
    started = [];
    judged = [];
  });

  afterEach(async () => {
    for (const { components } of started) await Promise.all(components.map((each) => each.stop()));
  });

  after(async () => {
    await api.close();
    await directory.remove();
  });

  const withKeys = () => ({
    jwks: { kind: "file" as const, path: directory.join("jwks.json") },
    tokenIssuer: issuer,
  });
  const loopback = [{ address: "127.0.0.1", prefix: 32 }];
  const withKubernetes = () => ({ kubernetesApi: api.url, allowAddress: loopback });

  async function open(config: Partial<AuthnDeps["config"]>): Promise<Authn> {
    const { certificate } = await createTestAuthority();
    const callers = await createAuthn({
      roll: () => 0,
      kubernetes: config.kubernetesApi === undefined ? undefined : clusterAt(config.kubernetesApi, config),
      config: {
        ...unset,
        kubernetesCaFile: directory.join("ca.pem"),
        kubernetesTokenFile: directory.join("token"),
        trustDomain: parseTrustDomain("cluster.local"),
        ...config,
      },
      authorities: {
        trustBundle: () => TrustBundle.from([certificate]),
        knownChains: () => [],
        isDistrusted: () => false,
      },
      metrics: {
        credentialChecked: (kind, verdict) => judged.push(`${kind} ${verdict}`),
        tokenReviewed: () => undefined,
        authenticated: () => undefined,
      },
      proxyEnvironment: {},
      clock,
      logger: recordingLogger(),
    });
    for (const each of callers.components) await each.start();
    started.push(callers);
    return callers;
  }

  /** The Kubernetes room as main.ts passes it. */
  function clusterAt(
    server: URL,
    { trustedNodeAccount = [], allowAddress = [] }: Partial<AuthnDeps["config"]>,
  ) {
    const files = { caFile: directory.join("ca.pem"), tokenFile: directory.join("token") };
    const client = new KubernetesClient({ server, ...files, addressRules: new AddressRules(allowAddress) });
    const ask: ReviewToken = (token, audiences) => reviewToken(client, token, audiences);
    const tokenApi = {
      reviewToken: ask,
      readKeys: () => readIssuerKeys(client),
      readOwnAccount: () => readOwnAccount(files.tokenFile),
    };
    if (trustedNodeAccount.length === 0) return { ...tokenApi, pods: undefined };
    const direct = new KubernetesPods({ client, clock });
    return {
      ...tokenApi,
      pods: new PodInformer({ client, direct, clock, logger: recordingLogger(), roll: () => 0 }),
    };
  }

  /** Tokens of the cluster are signed by a key that no key set contains. */
  async function credentialsOf(iss: string, audience = "istio-ca") {
    const minter = iss === cluster ? await createTokenIssuer({ issuer: cluster }) : tokens;
    const request = { namespace: "demo", serviceAccount: "frontend", audience, now: clock.now() };
    const token = await minter.mint({ ...request, claims: { iss } });
    return { authorization: [`Bearer ${token}`], peerCertificates: [] };
  }
  const present = async ({ authenticator }: Authn, iss: string, audience?: string) =>
    authenticator.authenticate(await credentialsOf(iss, audience));

  it("never sends a token to the API server if a key set is configured for its issuer, valid or not", async () => {
    const callers = await open({ ...withKeys(), ...withKubernetes() });
    const before = api.calls.length;
    assert.equal((await present(callers, issuer)).credential.kind, "jwks-token");
    await rejectsWithCode(present(callers, issuer, "vault"), "TOKEN_AUDIENCE");
    assert.equal(api.calls.length, before);
    assert.deepEqual(judged, ["jwks-token accepted", "jwks-token TOKEN_AUDIENCE"]);
  });

  it("has the API server review all other tokens, for the configured audiences", async () => {
    const callers = await open({ ...withKeys(), ...withKubernetes(), tokenAudience: ["istio-ca", "kasbah"] });
    assert.equal((await present(callers, cluster)).credential.kind, "kubernetes-token");
    assert.deepEqual(api.calls.at(-1)?.audiences, ["istio-ca", "kasbah"]);
    assert.deepEqual(judged, ["kubernetes-token accepted"]);
  });

  it("accepts the issuers of the file too, each with its own audiences", async () => {
    const callers = await open({ ...withKeys(), tokenIssuers: directory.join("issuers.yaml") });
    assert.ok(await present(callers, issuer, "istio-ca"));
    assert.ok(await present(callers, listed, "mesh"));
    await rejectsWithCode(present(callers, listed, "istio-ca"), "TOKEN_AUDIENCE");
    await rejectsWithCode(present(callers, "https://typo.test"), "TOKEN_ISSUER");
    assert.equal(callers.components.length, 1);
  });

  it("fails if the file of token issuers cannot be read", async () => {
    await rejectsWithCode(open({ tokenIssuers: directory.join("missing") }), "TOKEN_ISSUERS_INVALID");
  });

  it("never sends the CA's own token to an address of this host that is not allowed", async () => {
    const before = api.calls.length;
    const callers = await open({ kubernetesApi: api.url });
    await rejectsWithCode(present(callers, issuer), "AUTHENTICATOR_UNAVAILABLE");
    assert.equal(api.calls.length, before);
  });

  it("ignores client certificates if they are disabled, and checks them otherwise", async () => {
    const credentials = { authorization: [], peerCertificates: [new Uint8Array([0x30, 0])] };
    const without = await open({ ...withKeys(), noClientCertificates: true });
    await rejectsWithCode(without.authenticator.authenticate(credentials), "TOKEN_MISSING");
    const looking = await open(withKeys());
    await rejectsWithCode(looking.authenticator.authenticate(credentials), "CLIENT_CERTIFICATE_REJECTED");
  });

  it("reports each issuer whose keys are missing until they are loaded", async () => {
    const path = directory.join("late.json");
    const callers = await open({ ...withKeys(), jwks: { kind: "file", path } });
    assert.match(callers.troubles().join(), /^jwks: the key set of https:\/\/issuer\.test was never loaded/);
    await writeFile(path, JSON.stringify(tokens.jwks()));
    // The clock is a fake but the disk is not: a busy machine may need more turns to read the file.
    await eventually(async () => {
      await clock.runFor(2_000);
      return callers.troubles().length === 0;
    });
    assert.ok(await present(callers, issuer));
  });

  it("lets a trusted node proxy request identities of its node's pods, and no other caller", async () => {
    const place = { [`${about}/pod-name`]: ["ztunnel-1"], [`${about}/pod-uid`]: ["uid-1"] };
    api.verdict = () => acceptedReview(ztunnel, ["istio-ca"], place);
    api.pods = [
      {
        namespace: "istio-system",
        name: "ztunnel-1",
        uid: "uid-1",
        serviceAccount: "ztunnel",
        node: "node-1",
      },
      { namespace: "demo", name: "frontend-1", uid: "uid-2", serviceAccount: "frontend", node: "node-1" },
      { namespace: "demo", name: "bank-1", uid: "uid-3", serviceAccount: "bank", node: "node-2" },
    ];
    const trusting = { ...withKubernetes(), trustedNodeAccount: ["istio-system/ztunnel"] };
    const { authenticator, impersonation } = await open(trusting);
    const caller = await authenticator.authenticate(await credentialsOf(cluster));
    const wanted = "spiffe://cluster.local/ns/demo/sa/frontend";
    assert.equal((await impersonation.impersonate(caller, wanted)).toString(), wanted);
    const elsewhere = impersonation.impersonate(caller, "spiffe://cluster.local/ns/demo/sa/bank");
    await rejectsWithCode(elsewhere, "IMPERSONATION_REFUSED");
    for (const config of [withKubernetes(), withKeys()]) {
      const distrusting = await open(config);
      await rejectsWithCode(distrusting.impersonation.impersonate(caller, wanted), "IMPERSONATION_REFUSED");
    }
  });
});
