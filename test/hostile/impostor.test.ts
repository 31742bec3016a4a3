import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { createCertificateRequest, createKeyPair, parseCertificate, parseSpiffeId } from "@kasbah/pki";
import { createCertificate } from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import { Http2Channel } from "@kasbah/runtime/grpc-http2";
import { eventually, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { AgentProcess } from "../harness/agent-process.ts";
import { type RunningCa, startCa } from "../harness/ca-process.ts";
import { mintDemoToken } from "../harness/token-issuer.ts";
import { suiteTimeoutMs } from "../harness/until.ts";
import { type Impostor, startImpostor } from "./impostor/impostor.ts";

const own = "spiffe://cluster.local/ns/kasbah-system/sa/kasbah";
/** The second rule is what an operator would write who wants a workload to pose as the CA. */
const policy = `
version: 1
rules:
  - name: careless
    namespaces: [evil]
    allow: true
    dnsNames: ["{serviceAccount}.svc", "{serviceAccount}.kasbah-system.svc", localhost, istiod.istio-system.svc]
  - name: reckless
    namespaces: [reckless]
    allow: true
    dnsNames: [localhost]
    dangerouslyCaNames: true
default: { allow: true }
`;

/** The attack on the tokens of a mesh: a workload certificate with the DNS name of the CA. */
describe("A workload that poses as the CA", function () {
  this.timeout(suiteTimeoutMs);
  let directory: TemporaryDirectory;
  let ca: RunningCa;
  let impostor: Impostor;
  let rootPath: string;
  const agents: AgentProcess[] = [];

  before(async () => {
    directory = await temporaryDirectory();
    await writeFile(directory.join("policy.yaml"), policy);
    ca = await startCa({ flags: ["--policy", directory.join("policy.yaml")] });
    rootPath = directory.join("root-cert.pem");
    await writeFile(rootPath, ca.rootPem);
    await writeFile(directory.join("token"), await mintDemoToken(ca.tokens, "cart"));
    const { leaf, chainPem, keyPem } = await workload("reckless", "web");
    assert.deepEqual(leaf.dnsNames, ["localhost"]);
    impostor = await startImpostor({ certificateChainPem: chainPem, privateKeyPem: keyPem });
  });

  after(async () => {
    await Promise.all(agents.map((agent) => agent.stop()));
    await impostor?.close();
    await ca?.stop();
    await directory?.remove();
  });

  /** A certificate of the real CA for any service account, as a caller of the wire obtains it. */
  async function workload(namespace: string, serviceAccount: string) {
    const keyPair = await createKeyPair("P-256");
    const csr = createCertificateRequest(keyPair, parseSpiffeId("spiffe://cluster.local/ns/a/sa/b"));
    const token = await ca.tokens.mint({
      ...{ namespace, serviceAccount, lifetimeMs: 3_600_000 },
      now: systemClock.now(),
    });
    const channel = new Http2Channel({ address: { host: "localhost", port: ca.port }, rootsPem: ca.rootPem });
    const { certChain } = await channel.unary(
      createCertificate,
      { csr, validityDurationSeconds: 3600, impersonatedIdentity: "", certSigner: "" },
      { deadlineMs: 10_000, metadata: { authorization: `Bearer ${token}` } },
    );
    channel.close();
    const chain = certChain.slice(0, -1);
    return { leaf: parseCertificate(chain[0] ?? ""), chainPem: chain.join(""), keyPem: keyPair.toPkcs8Pem() };
  }

  function startAgent(name: string, port: number, flags: Readonly<Record<string, string>>): AgentProcess {
    const agent = new AgentProcess({
      flags: {
        "--ca-address": `localhost:${port}`,
        "--ca-root": rootPath,
        "--token-file": directory.join("token"),
        "--sds-socket": directory.join(`${name}.sock`),
        "--status-address": "127.0.0.1:0",
        "--log-format": "json",
        ...flags,
      },
    });
    agents.push(agent);
    return agent;
  }

  it("gets no name of the CA, whether fixed or through dots in its service account, and the CA warns", async () => {
    const granted = { "kasbah.kasbah-system": [], "istiod.istio-system": [], kasbah: ["kasbah.svc"] };
    for (const [account, dnsNames] of Object.entries(granted)) {
      const { leaf } = await workload("evil", account);
      assert.deepEqual(leaf.dnsNames, dnsNames, account);
      assert.equal(leaf.spiffeId?.toString(), `spiffe://cluster.local/ns/evil/sa/${account}`);
    }
    const { ready, warnings = [] } = await ca.process.readiness();
    assert.ok(ready);
    const named = warnings.filter((warning) =>
      /the rule careless of the policy: DNS_NAME_RESERVED/.test(warning),
    );
    assert.equal(named.length, 3, warnings.join("\n"));
  });

  it("receives the token of an agent that accepts every certificate of the mesh with that name", async () => {
    startAgent("plain", impostor.address.port, {});
    await eventually(() => impostor.stolen.length > 0);
    assert.match(impostor.stolen[0] ?? "", /^Bearer ey/);
  });

  it("receives nothing from an agent that requires the CA's SPIFFE ID, which says what it expected and saw", async () => {
    await agents.pop()?.stop();
    const before = impostor.stolen.length;
    const agent = startAgent("careful", impostor.address.port, { "--ca-spiffe-id": own });
    const failed = await agent.logged("rotation failed; keeping the current secret");
    assert.equal(failed["code"], "CA_IDENTITY_MISMATCH");
    const text = JSON.stringify(failed);
    assert.match(text, /expected spiffe:\/\/cluster\.local\/ns\/kasbah-system\/sa\/kasbah, seen /);
    assert.match(text, /spiffe:\/\/cluster\.local\/ns\/reckless\/sa\/web/);
    const failures = 'kasbah_agent_rotation_failures{code="CA_IDENTITY_MISMATCH"}';
    await eventually(async () => ((await agent.metric(failures)) ?? 0) > 2);
    assert.equal(impostor.stolen.length, before);
  });

  it("leaves the same agent with a certificate of the real CA", async () => {
    await startAgent("honest", ca.port, { "--ca-spiffe-id": own }).untilReady();
    await startAgent("unset", ca.port, {}).untilReady();
    await startAgent("none", ca.port, { "--ca-spiffe-id": "none" }).untilReady();
  });

  it("cannot be confused with a CA of an earlier release, which has no SPIFFE ID: the agent names the fix", async () => {
    await using earlier = await startCa({ flags: ["--own-spiffe-id", "none"] });
    await writeFile(directory.join("earlier.pem"), earlier.rootPem);
    const flags = { "--ca-root": directory.join("earlier.pem"), "--ca-spiffe-id": own };
    const failed = await startAgent("newer", earlier.port, flags).logged(
      "rotation failed; keeping the current secret",
    );
    assert.match(
      JSON.stringify(failed),
      /seen no SPIFFE ID: upgrade the CA, or remove --ca-spiffe-id until then/,
    );
  });

  it("differs from the CA by a SPIFFE ID, with which OpenSSL accepts the certificate for every name of the CA", async () => {
    for (const host of ["localhost", "istiod.istio-system.svc"]) {
      const connecting = promisify(execFile)("openssl", [
        ...["s_client", "-connect", `127.0.0.1:${ca.port}`, "-CAfile", rootPath, "-verify_return_error"],
        ...["-verify_hostname", host, "-alpn", "h2", "-brief"],
      ]);
      connecting.child.stdin?.end();
      const { stdout, stderr } = await connecting;
      assert.match(stdout + stderr, /Verification: OK/);
    }
  });
});
