import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { createTokenIssuer, type DevTokenIssuer } from "@kasbah/certs-dev";
import { parseTrustDomain, TrustBundle } from "@kasbah/pki";
import {
  createTestAuthority,
  FakeClock,
  recordingLogger,
  rejectsWithCode,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { type Authn, createAuthn } from "./create-authn.ts";
import { podTag } from "./pod-marks.ts";

const issuer = "https://kubernetes.default.svc";
const gone = { name: "app", uid: "gone" };
const here = { name: "app", uid: "here" };

describe("createAuthn for tokens that a key set verifies, beside the cluster's pods", () => {
  let directory: TemporaryDirectory;
  let tokens: DevTokenIssuer;
  let started: Authn | undefined;
  const clock = new FakeClock("2030-01-01T00:00:00Z");

  before(async () => {
    directory = await temporaryDirectory();
    tokens = await createTokenIssuer({ issuer });
    await writeFile(directory.join("jwks.json"), JSON.stringify(tokens.jwks()));
  });

  afterEach(async () => {
    await Promise.all((started?.components ?? []).map((each) => each.stop()));
  });

  after(() => directory.remove());

  /** Opens the room in a cluster whose tokens have this issuer. */
  async function openIn(clusterIssuer: string | undefined): Promise<Authn> {
    const { certificate } = await createTestAuthority();
    started = await createAuthn({
      roll: () => 0,
      config: {
        ...{ jwks: { kind: "file", path: directory.join("jwks.json") }, tokenIssuer: issuer },
        ...{
          jwksCaFile: undefined,
          jwksTokenFile: undefined,
          jwksProxy: { kind: "none" },
          tokenAudience: ["istio-ca"],
        },
        ...{ tokenIssuers: undefined, allowAddress: [], kubernetesApi: undefined, policy: undefined },
        ...{ kubernetesCaFile: "unused", kubernetesTokenFile: "unused", trustedNodeAccount: [] },
        ...{ noClientCertificates: false, renewWithoutPod: false, maxRenewalAge: 3_600_000 },
        ...{ logLevel: "silent", logFormat: "json" },
        trustDomain: parseTrustDomain("cluster.local"),
      },
      authorities: {
        trustBundle: () => TrustBundle.from([certificate]),
        knownChains: () => [],
        isDistrusted: () => false,
      },
      kubernetes: {
        reviewToken: () => Promise.reject(new TypeError("no token needs a review")),
        readKeys: () => Promise.reject(new Error("403")),
        readOwnAccount: async () => ({ issuer: clusterIssuer, uid: "account" }),
        pods: {
          find: async () => undefined,
          runsOn: async () => false,
          isGone: (namespace, uid) => namespace === "demo" && uid === gone.uid,
          isTagKnown: (tag) => tag === podTag(here.uid),
          isTagGone: () => false,
        },
      },
      metrics: {
        credentialChecked: () => undefined,
        tokenReviewed: () => undefined,
        authenticated: () => undefined,
      },
      proxyEnvironment: {},
      clock,
      logger: recordingLogger(),
    });
    for (const each of started.components) await each.start();
    return started;
  }

  async function present({ authenticator }: Authn, pod: object) {
    const serviceaccount = { name: "frontend", uid: "account" };
    const claims = { "kubernetes.io": { namespace: "demo", serviceaccount, pod } };
    const request = { namespace: "demo", serviceAccount: "frontend", audience: "istio-ca", now: clock.now() };
    const token = await tokens.mint({ ...request, claims });
    return authenticator.authenticate({ authorization: [`Bearer ${token}`], peerCertificates: [] });
  }

  it("rejects the token of a pod that was seen to disappear, and marks that of a pod that exists", async () => {
    const authn = await openIn(issuer);
    await rejectsWithCode(present(authn, gone), "CALLER_DELETED");
    assert.match((await present(authn, here)).podMark ?? "", /^[0-9a-f]{16}$/);
    assert.equal((await present(authn, { name: "app", uid: "unseen" })).podMark, undefined);
  });

  it("accepts the same token if the cluster of the CA has another issuer, or an unknown one", async () => {
    for (const other of ["https://another-cluster.test", undefined]) {
      const authn = await openIn(other);
      for (const pod of [gone, here]) assert.equal((await present(authn, pod)).podMark, undefined);
    }
  });
});
