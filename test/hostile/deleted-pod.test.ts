import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { createTokenIssuer, type DevTokenIssuer } from "@kasbah/certs-dev";
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
import {
  acceptedReview,
  eventually,
  type FakeKubernetesApi,
  rawCall,
  startFakeKubernetesApi,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { PodMarks } from "../../packages/ca-server/src/authn/pod-marks.ts";
import { CaProcess, type RunningCa, startCa } from "../harness/ca-process.ts";
import { type MintedLeaf, mintLeaf } from "../harness/minted-leaf.ts";

const frontend = "spiffe://cluster.local/ns/demo/sa/frontend";
const about = "authentication.kubernetes.io";
const audience = "istio-ca";
const [here, gone] = ["pod-that-exists", "pod-that-is-gone"];
const account = "uid-of-the-ca's-account";
const minuteMs = 60_000;

/** Where a call goes. */
type Port = Pick<RunningCa, "port" | "rootPem">;

interface Called {
  readonly outcome: string;
  /** PEM; empty if the call was refused. */
  readonly leaf: string;
}

describe("CA that authenticates by tokens and certificates, after a pod was deleted", function () {
  this.timeout(120_000);
  let directory: TemporaryDirectory;
  let api: FakeKubernetesApi;
  let cluster: DevTokenIssuer;
  let ca: RunningCa;
  let csr: string;
  let flags: readonly string[];

  before(async () => {
    directory = await temporaryDirectory();
    cluster = await createTokenIssuer({ issuer: "https://kubernetes.default.svc" });
    api = await startFakeKubernetesApi();
    api.pods = [{ namespace: "demo", name: "app", uid: here, serviceAccount: "frontend", node: "node-1" }];
    api.jwks = cluster.jwks();
    await writeFile(directory.join("ca.pem"), api.rootPem);
    const serviceaccount = { name: "kasbah", uid: account };
    await writeFile(directory.join("token"), await tokenOf({ "kubernetes.io": { serviceaccount } }));
    flags = [
      ...["--kubernetes-api", api.url.href, "--allow-address", "127.0.0.1"],
      ...[
        "--kubernetes-ca-file",
        directory.join("ca.pem"),
        "--kubernetes-token-file",
        directory.join("token"),
      ],
    ];
    ca = await startCa({ withIssuer: false, flags });
    csr = createCertificateRequest(await createKeyPair("P-256"), parseSpiffeId(frontend));
  });

  beforeEach(() => {
    api.trouble = undefined;
    api.verdict = () =>
      acceptedReview("system:serviceaccount:demo:frontend", [audience], {
        [`${about}/pod-name`]: ["app"],
        [`${about}/pod-uid`]: [here],
      });
  });

  after(async () => {
    await ca?.stop();
    await api?.close();
    await directory?.remove();
  });

  const tokenOf = (claims: Readonly<Record<string, unknown>> = {}) => {
    const request = { namespace: "demo", serviceAccount: "frontend", audience, now: systemClock.now() };
    return cluster.mint({ ...request, claims });
  };

  /** The status is "issued", or the code of the refusal. */
  async function call(to: Port, token?: string, leaf?: MintedLeaf): Promise<Called> {
    const order = { csr, validityDurationSeconds: 0, impersonatedIdentity: "", certSigner: "" };
    const { status, message, body } = await rawCall({
      ...{ port: to.port, ca: to.rootPem, path: createCertificate.path },
      body: createCertificate.request.encode(order),
      ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
      ...(leaf === undefined ? {} : { tls: leaf }),
    });
    if (status !== 0) return { outcome: message.split(":", 1)[0] ?? "", leaf: "" };
    return { outcome: "issued", leaf: createCertificate.response.decode(body).certChain[0] ?? "" };
  }

  /** A leaf that a CA of the account issued for a pod, by a token of twenty minutes ago. */
  function leafOf(podUid: string | undefined, accountUid = account): Promise<MintedLeaf> {
    const provenAt = new Date(systemClock.now().getTime() - 20 * minuteMs);
    const marks = new PodMarks({ accountUid, pods: undefined });
    const mark = podUid === undefined ? undefined : marks.markOf(podUid);
    return mintLeaf(ca.stateDir, frontend, createWorkloadSerial(provenAt, mark));
  }

  const renewed = async (leaf: MintedLeaf, to: Port = ca) => (await call(to, undefined, leaf)).outcome;

  it("issues certificates that carry the mark of their pod, and renewed ones carry it on", async () => {
    const { outcome, leaf } = await call(ca, await tokenOf());
    assert.equal(outcome, "issued");
    const mark = new PodMarks({ accountUid: account, pods: undefined }).markOf(here);
    assert.equal(podMarkOf(parseCertificate(leaf).serial), mark);
    const second = await call(ca, undefined, await leafOf(here));
    assert.equal(podMarkOf(parseCertificate(second.leaf).serial), mark);
  });

  it("renews the certificate of an existing pod, but not that of a pod that was gone before the CA started", async () => {
    assert.equal(await renewed(await leafOf(here)), "issued");
    assert.equal(await renewed(await leafOf(gone)), "CALLER_DELETED");
  });

  it("renews certificates of earlier releases, without a pod and of other clusters as before", async () => {
    assert.equal(await renewed(await leafOf(undefined)), "issued");
    assert.equal(await renewed(await leafOf(gone, "uid-in-another-cluster")), "issued");
  });

  it("accepts the token of a new pod beside the certificate of a deleted one", async () => {
    assert.equal((await call(ca, await tokenOf(), await leafOf(gone))).outcome, "issued");
  });

  it("refuses a valid certificate beside a token whose pod the API server knows as deleted", async () => {
    api.verdict = () => ({ error: "[invalid bearer token, service account token has been invalidated]" });
    for (const leaf of [await leafOf(here), await leafOf(undefined)])
      assert.equal((await call(ca, await tokenOf(), leaf)).outcome, "CALLER_DELETED");
  });

  it("accepts the certificate beside a token that has expired, or that the API server cannot review", async () => {
    const leaf = await leafOf(here);
    assert.equal((await call(ca, await tokenOf({ exp: 1 }), leaf)).outcome, "issued");
    api.verdict = () => ({ error: "[invalid bearer token]" });
    assert.equal((await call(ca, await tokenOf(), leaf)).outcome, "issued");
    api.trouble = { status: 503 };
    assert.equal((await call(ca, await tokenOf(), leaf)).outcome, "issued");
  });

  describe("CA that restarts after a pod was deleted", () => {
    let second: CaProcess;

    async function restart(more: readonly string[] = []): Promise<Port> {
      await ca.process.stop();
      second = new CaProcess({ stateDir: ca.stateDir, flags: [...flags, ...more] });
      await eventually(() => second.isReady(), 30_000);
      const [{ port }, rootPem] = await Promise.all([second.grpcAddress(), second.rootPem()]);
      return { port, rootPem };
    }

    afterEach(() => second?.stop());

    it("refuses the certificate of a deleted pod after a restart", async () => {
      const to = await restart();
      assert.equal(await renewed(await leafOf(gone), to), "CALLER_DELETED");
      assert.equal(await renewed(await leafOf(here), to), "issued");
    });

    it("renews certificates while the API server is down, although the CA then knows no pod", async () => {
      api.trouble = { status: 503 };
      const to = await restart();
      assert.equal(await renewed(await leafOf(here), to), "issued");
      assert.equal(await renewed(await leafOf(gone), to), "issued");
    });

    it("renews the certificate of a deleted pod with --renew-without-pod, as earlier releases did", async () => {
      const to = await restart(["--renew-without-pod"]);
      assert.equal(await renewed(await leafOf(gone), to), "issued");
    });
  });
});
