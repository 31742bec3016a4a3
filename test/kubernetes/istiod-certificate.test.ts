import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { parseCertificate } from "@kasbah/pki";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { parse } from "yaml";
import { AgentProcess } from "../harness/agent-process.ts";
import type { RunningCa } from "../harness/ca-process.ts";
import { readText } from "../harness/chart/yaml.ts";
import { suiteTimeoutMs } from "../harness/until.ts";
import { callCa } from "./call-ca.ts";
import { type CaAccount, createCaAccount, startClusterCa } from "./cluster-ca.ts";
import type { ControlPlane } from "./control-plane.ts";
import { sharedControlPlane } from "./hooks.ts";
import { createToken } from "./workloads.ts";

interface IstiodValues {
  readonly pilot: {
    readonly initContainers: readonly [
      { readonly env: readonly { readonly name: string; readonly value: string }[] },
    ];
  };
}

describe("Certificate of istiod, with the files of docs/use-with-istio.md", function () {
  this.timeout(suiteTimeoutMs);
  let controlPlane: ControlPlane;
  let account: CaAccount;
  let ca: RunningCa;
  let directory: TemporaryDirectory;
  let namespace: string;

  before(async () => {
    controlPlane = sharedControlPlane();
    account = await createCaAccount(controlPlane);
    directory = await temporaryDirectory();
    // Another suite may use istio-system.
    namespace = await controlPlane.newNamespace("istio-system");
    const policy = pageFile("policy.yaml").replace("[istio-system]", `[${namespace}]`);
    await writeFile(directory.join("policy.yaml"), policy);
    ca = await startClusterCa(controlPlane, account, "kasbah-0", ["--policy", directory.join("policy.yaml")]);
  });

  after(async () => {
    await ca?.stop();
    await account?.remove();
    await directory?.remove();
  });

  async function namesFor(serviceAccount: string): Promise<readonly string[]> {
    await controlPlane.kubectl(["create", "serviceaccount", serviceAccount, `--namespace=${namespace}`]);
    const token = await createToken(controlPlane, namespace, serviceAccount, "--audience=istio-ca");
    const { status, message, chain } = await callCa(ca, token);
    assert.equal(status, 0, message);
    return parseCertificate(chain[0] ?? "").extensions.names.map(({ value }) =>
      Buffer.from(value).toString(),
    );
  }

  it("contains the name of istiod's Service for its service account only", async () => {
    const id = `spiffe://cluster.local/ns/${namespace}/sa`;
    assert.deepEqual(await namesFor("istiod"), [`${id}/istiod`, "istiod.istio-system.svc"]);
    assert.deepEqual(await namesFor("gateway"), [`${id}/gateway`]);
  });

  it("is requested by an agent whose settings are valid", async () => {
    const values: IstiodValues = parse(pageFile("istiod.yaml"));
    const [{ env }] = values.pilot.initContainers;
    const settings = Object.fromEntries(env.map(({ name, value }) => [name, value]));
    const agent = new AgentProcess({ flags: { "--check-config": true }, env: settings });
    assert.deepEqual(await agent.exited, { code: 0, signal: null }, agent.log);
    for (const value of Object.values(settings)) assert.ok(agent.log.includes(value), value);
  });
});

/** The contents of a file that the page tells its reader to write. */
function pageFile(name: string): string {
  const block = new RegExp(`^\`\`\`yaml file=${name.replace(".", "\\.")}\n(.*?)^\`\`\`$`, "ms");
  return block.exec(readText("docs/use-with-istio.md"))?.[1] ?? assert.fail(`the page has no file ${name}`);
}
