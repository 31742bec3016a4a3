import assert from "node:assert/strict";
import { systemClock } from "@kasbah/runtime";
import type { RunningCa } from "../harness/ca-process.ts";
import { suiteTimeoutMs } from "../harness/until.ts";
import { callCa } from "./call-ca.ts";
import { type CaAccount, createCaAccount, startClusterCa } from "./cluster-ca.ts";
import type { ControlPlane } from "./control-plane.ts";
import { sharedControlPlane } from "./hooks.ts";
import { createWorkload, type Workload } from "./workloads.ts";

const unauthenticated = 16;

describe("CA that authenticates callers with a real API server", function () {
  this.timeout(suiteTimeoutMs);
  let controlPlane: ControlPlane;
  let account: CaAccount;
  let ca: RunningCa;
  let workload: Workload;

  before(async () => {
    controlPlane = sharedControlPlane();
    account = await createCaAccount(controlPlane);
    ca = await startClusterCa(controlPlane, account, "kasbah-0");
    workload = await createWorkload(controlPlane, "istio-ca");
  });

  after(async () => {
    await ca?.stop();
    await account?.remove();
  });

  it("refuses a token for another audience and names the audience it expects", async () => {
    const other = await createWorkload(controlPlane, "vault");
    const { status, message } = await callCa(ca, other.token);
    assert.equal(status, unauthenticated);
    assert.match(message, /^TOKEN_AUDIENCE: /);
  });

  it("refuses a token that the API server did not sign", async () => {
    const [header, payload, signature = ""] = workload.token.split(".");
    const forged = `${header}.${payload}.${Buffer.from(signature, "base64url").reverse().toString("base64url")}`;
    const { status, message } = await callCa(ca, forged);
    assert.equal(status, unauthenticated);
    assert.match(message, /^TOKEN_REJECTED: /);
  });

  it("issues the service account's identity for the token of a pod, and logs the pod", async () => {
    const { status, names, message } = await callCa(ca, workload.token);
    assert.equal(status, 0, message);
    assert.deepEqual(names, [`spiffe://cluster.local/ns/${workload.namespace}/sa/default`]);
    const log = ca.process.log;
    assert.ok(log.includes("certificate issued"));
    assert.ok(!log.includes(workload.token));
  });

  it("serves a burst of callers with few reviews and refuses none of them permanently", async () => {
    const replies = await Promise.all(Array.from({ length: 50 }, () => callCa(ca, workload.token)));
    assert.deepEqual(
      replies.filter(({ status }) => status !== 0).map(({ message }) => message),
      [],
    );
  });

  it("refuses the token of a pod that was deleted fifteen seconds ago", async () => {
    const gone = await createWorkload(controlPlane, "istio-ca");
    assert.equal((await callCa(ca, gone.token)).status, 0);
    await controlPlane.kubectl([
      "delete",
      "pod",
      "app",
      `--namespace=${gone.namespace}`,
      "--grace-period=0",
      "--force",
    ]);
    // The API server caches an accepted token for 10 s, the CA for 5 s. The test keeps calling meanwhile, as
    // agents do.
    const startedMs = systemClock.monotonicMs();
    while (systemClock.monotonicMs() - startedMs < 15_000) {
      await callCa(ca, gone.token);
      await systemClock.sleep(500);
    }
    const reply = await callCa(ca, gone.token);
    assert.equal(reply.status, unauthenticated);
    assert.match(reply.message, /^CALLER_DELETED: .*existing pod of this cluster/);
  });
});
