import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { type RunningCa, startCa } from "../harness/ca-process.ts";
import { Pod } from "../harness/pod.ts";
import { readRunbook, runRunbook } from "../harness/runbook/steps.ts";
import { mintLongLivedToken } from "../harness/token-issuer.ts";
import { suiteTimeoutMs } from "../harness/until.ts";

const openPolicy = "version: 1\ndefault: { allow: true }\n";

/** Runs every command of a runbook, unchanged, on a real CA with a real agent, and compares the output. */
describe("Commands of the runbooks for stolen keys", function () {
  this.timeout(suiteTimeoutMs);
  let directory: TemporaryDirectory;
  let ca: RunningCa;
  let pod: Pod;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    await mkdir(directory.join("work"));
    await writeFile(directory.join("work", "policy.yaml"), openPolicy);
    ca = await startCa({ flags: ["--policy", directory.join("work", "policy.yaml")] });
    pod = await Pod.create({
      ca: { address: { host: "127.0.0.1", port: ca.port }, authority: { rootPem: ca.rootPem } },
      token: await mintLongLivedToken(ca.tokens, "frontend"),
      flags: { "--ca-root": join(ca.stateDir, "public", "root-cert.pem") },
    });
    await pod.start().untilReady();
  });
  afterEach(async () => {
    await pod?.[Symbol.asyncDispose]();
    await ca?.stop();
    await directory.remove();
  });

  for (const page of ["stolen-root-key", "stolen-intermediate-key", "stolen-workload-key"]) {
    it(`${page}: every command works in the order of the page and prints what the page shows`, async () => {
      const steps = readRunbook(page);
      assert.ok(steps.length >= 5, "the page contains commands");
      const restarts: string[] = [];
      await runRunbook(steps, {
        directory: directory.join("work"),
        stateDir: ca.stateDir,
        onKubectl: async (args) => {
          if (!args.startsWith("rollout restart ")) return;
          restarts.push(args);
          await pod.agent.stop();
          if (page !== "stolen-workload-key") await pod.start().untilReady();
        },
      });
      assert.ok(restarts.length >= 1, "the page restarts the workloads");
    });
  }
});
