import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { systemClock } from "@kasbah/runtime";
import {
  eventually,
  type FakeCa,
  mintSecret,
  startFakeCa,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import type { AgentProcess } from "../harness/agent-process.ts";
import { Pod } from "../harness/pod.ts";
import { fetchLeaf } from "../harness/sds-client.ts";

const openssl = (args: readonly string[], input: string) =>
  execFileSync("openssl", args, { input, encoding: "utf8", stdio: "pipe" });

/** What people have in their files: the texts of openssl, comments, a byte order mark, Windows line endings. */
const byHand = (pem: string) =>
  `\uFEFF# replaces the -----BEGIN CERTIFICATE----- of 2024\r\n${openssl(["x509", "-text", "-subject", "-issuer"], pem).replaceAll("\n", "  \r\n")}`;
const broken = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

describe("Agent with files that people wrote by hand", function () {
  this.timeout(120_000);
  let directory: TemporaryDirectory;
  let ca: FakeCa;
  let pod: Pod;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    ca = await startFakeCa({ now: () => systemClock.now() });
    pod = await Pod.create({ ca });
  });
  afterEach(async () => {
    await pod[Symbol.asyncDispose]();
    await ca.close();
    await directory.remove();
  });

  const mint = () => {
    const receivedAt = new Date(Math.floor(systemClock.now().getTime() / 60_000) * 60_000);
    return mintSecret({ uri: "spiffe://cluster.local/ns/demo/sa/lonely", receivedAt, ttlMs: 3_600_000 });
  };
  const warnings = async (agent: AgentProcess) => (await agent.readiness()).warnings ?? [];

  it("is ready with comments and a broken block in --ca-root and in the CA's reply, and names the broken blocks", async () => {
    await writeFile(pod.rootPath, broken + byHand(ca.authority.rootPem));
    ca.answer = async (call) => {
      const [leaf = "", root = ""] = await ca.honest(call);
      return [byHand(leaf), byHand(root) + broken];
    };
    const agent = pod.start();
    await agent.untilReady();
    assert.equal(
      (await fetchLeaf(pod.socket)).leaf.subjectAltName,
      "URI:spiffe://cluster.local/ns/demo/sa/lonely",
    );
    const [first = "", second = "", ...more] = (await warnings(agent)).filter((one) =>
      one.includes("is not used"),
    );
    assert.match(first, /root\.pem is not used: block 1 \(line 1/);
    assert.match(second, /the CA's reply is not used: block 2 \(line /);
    assert.deepEqual(more, []);
  });

  it("authenticates with a --prov-cert key that follows EC PARAMETERS", async () => {
    const provided = await mint();
    await mkdir(directory.join("provided"));
    const parameters = openssl(["ecparam", "-name", "prime256v1"], "");
    const key = parameters + openssl(["ec"], provided.keyPair.toPkcs8Pem());
    await writeFile(directory.join("provided/key.pem"), key);
    await writeFile(directory.join("provided/cert-chain.pem"), byHand(provided.leaf.toPem()));
    const agent = pod.start({ flags: { "--prov-cert": directory.join("provided") } });
    await agent.untilReady();
    assert.ok(!agent.log.includes("cannot use the certificate of --prov-cert"), agent.log);
  });

  it("serves mounted certificates whose key follows EC PARAMETERS and whose chain has text around it", async () => {
    const mounted = await mint();
    await mkdir(directory.join("mounted"));
    const parameters = openssl(["ecparam", "-name", "prime256v1"], "");
    const files = {
      "key.pem": parameters + openssl(["ec"], mounted.keyPair.toPkcs8Pem()),
      "cert-chain.pem": byHand(mounted.leaf.toPem()),
      "root-cert.pem": byHand(mounted.bundle.toPem()) + broken,
    };
    for (const [name, text] of Object.entries(files)) await writeFile(directory.join("mounted", name), text);
    const agent = pod.start({ flags: { "--mounted-certs-dir": directory.join("mounted") } });
    await agent.untilReady();
    assert.equal(ca.calls.length, 0);
  });

  it("warns about a root file that is mounted by itself and whose source was replaced", async function () {
    const source = pod.path("source.pem");
    await writeFile(source, ca.authority.rootPem);
    try {
      execFileSync("mount", ["--bind", source, pod.rootPath], { stdio: "pipe" });
    } catch {
      return this.skip();
    }
    try {
      await writeFile(pod.path("next.pem"), ca.authority.rootPem);
      await rename(pod.path("next.pem"), source);
      const agent = pod.start();
      await agent.untilReady();
      const [warning = ""] = await warnings(agent);
      assert.ok(
        warning.startsWith(`${pod.rootPath} is mounted as a single file whose source was replaced`),
        warning,
      );
    } finally {
      execFileSync("umount", ["--lazy", pod.rootPath]);
    }
  });

  it("names the file and the fix as long as the root file or the token is missing or empty", async () => {
    await writeFile(pod.rootPath, "");
    const agent = pod.start({ flags: { "--token-file": directory.join("none/token") } });
    await eventually(async () => {
      const said = JSON.stringify(await agent.readiness());
      return said.includes(`cannot read the token file ${directory.join("none/token")}: the directory`);
    });
  });
});
