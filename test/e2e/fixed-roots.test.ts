import assert from "node:assert/strict";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { CaProcess } from "../harness/ca-process.ts";
import {
  nodeClient,
  opensslClient,
  type RotatedCa,
  requestDemoCertificate,
  startRotatedCa,
  writeRootFiles,
} from "../harness/fixed-roots.ts";
import { Pod } from "../harness/pod.ts";
import { mintDemoToken, saveIssuer } from "../harness/token-issuer.ts";

describe("Clients whose root file is never updated", () => {
  let directory: TemporaryDirectory;
  let rotated: RotatedCa;

  before(async () => {
    directory = await temporaryDirectory();
    rotated = await startRotatedCa(2);
  });

  after(async () => {
    await rotated?.ca.stop();
    await directory.remove();
  });

  it("reject the CA if they hold the root of another CA", async () => {
    const [other = ""] = await writeRootFiles([await otherRoot()], directory.join);
    for (const client of [opensslClient, nodeClient])
      assert.notEqual(await client(rotated.ca.port, other), "accepted");
  });

  it("accept the CA after two rotations of the root with any of the three roots and in any order", async () => {
    for (const file of await writeRootFiles(rotated.roots, directory.join)) {
      for (const client of [opensslClient, nodeClient])
        assert.equal(await client(rotated.ca.port, file), "accepted");
    }
  });

  it("get certificates after two rotations of the root, each with the root that it holds", async () => {
    const { ca, roots } = rotated;
    for (const rootPem of roots) {
      const reply = await requestDemoCertificate({ ...ca, rootPem }, "frontend");
      assert.equal(reply.at(-1), roots.at(-1), "the trust bundle contains no cross-certificate");
      assert.equal(reply.length, 3, "nor does the chain of the leaf");
    }
  });

  it("serve a secret after two rotations of the root, if they are our agents that start with the first root", async () => {
    const { ca, roots } = rotated;
    const address = { host: "127.0.0.1", port: ca.port };
    const token = await mintDemoToken(ca.tokens, "frontend");
    await using pod = await Pod.create({ ca: { address, authority: { rootPem: roots[0] ?? "" } }, token });
    await pod.start().untilReady();
  });

  it("accept the CA after it has been restarted", async () => {
    const { ca, roots } = rotated;
    await ca.process.stop();
    const { flags } = await saveIssuer(directory.join("issuer"));
    const again = new CaProcess({ stateDir: ca.stateDir, flags });
    try {
      await again.untilReady();
      const { port } = await again.grpcAddress();
      const [first = ""] = await writeRootFiles(roots, directory.join);
      assert.equal(await opensslClient(port, first), "accepted");
    } finally {
      await again.stop();
    }
  });
});

async function otherRoot(): Promise<string> {
  const { ca, roots } = await startRotatedCa(0);
  await ca.stop();
  return roots[0] ?? "";
}
