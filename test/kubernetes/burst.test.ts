import assert from "node:assert/strict";
import { systemClock } from "@kasbah/runtime";
import type { RunningCa } from "../harness/ca-process.ts";
import { callCa } from "./call-ca.ts";
import { type CaAccount, createCaAccount, startClusterCa } from "./cluster-ca.ts";
import type { ControlPlane } from "./control-plane.ts";
import { sharedControlPlane } from "./hooks.ts";
import { type KubernetesObject, modestPod } from "./workloads.ts";

const pods = 1_000;
const atOnce = 20;
/** Like stock agents, which make five attempts and then pause. */
const maxAttempts = 30;

interface TokenRequest {
  readonly status: { readonly token: string };
}

describe("CA under a burst of a thousand pods", function () {
  this.timeout(300_000);
  let controlPlane: ControlPlane;
  let account: CaAccount;
  let ca: RunningCa;
  let tokens: readonly string[];

  before(async () => {
    controlPlane = sharedControlPlane();
    account = await createCaAccount(controlPlane);
    ca = await startClusterCa(controlPlane, account, "kasbah-0");
    const namespace = await controlPlane.newNamespace("burst");
    const made: string[] = [];
    while (made.length < pods) {
      const batch = Array.from({ length: atOnce }, (_, index) => `app-${made.length + index}`);
      made.push(...(await Promise.all(batch.map((name) => tokenOfNewPod(controlPlane, namespace, name)))));
    }
    tokens = made;
  });

  after(async () => {
    await ca?.stop();
    await account?.remove();
  });

  it("serves a thousand pods that start together, with at most one TokenReview for each, and survives", async () => {
    const startedMs = systemClock.monotonicMs();
    const attempts = await Promise.all(tokens.map((token) => untilServed(ca, token)));
    const seconds = (systemClock.monotonicMs() - startedMs) / 1000;
    const reviews = await counterOf(ca, 'kasbah_token_reviews{from="api-server"}');
    process.stdout.write(
      `      ${Math.round(pods / seconds)} certificates/s, ${(reviews / pods).toFixed(2)} reviews per certificate, at most ${Math.max(...attempts)} attempts\n`,
    );
    assert.ok(reviews <= pods * 1.5, `${reviews} questions`);
    assert.ok(await ca.process.isReady());
  });
});

async function tokenOfNewPod(controlPlane: ControlPlane, namespace: string, name: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}`;
  const pod = { ...modestPod, metadata: { name } };
  const { body } = await controlPlane.adminRequest<KubernetesObject>("POST", `${path}/pods`, pod);
  const boundObjectRef = { apiVersion: "v1", kind: "Pod", name, uid: body.metadata.uid };
  const request = { spec: { audiences: ["istio-ca"], expirationSeconds: 3600, boundObjectRef } };
  const made = await controlPlane.adminRequest<TokenRequest>(
    "POST",
    `${path}/serviceaccounts/default/token`,
    request,
  );
  assert.equal(made.status, 201);
  return made.body.status.token;
}

/** The number of attempts until the CA issued a certificate. */
async function untilServed(ca: RunningCa, token: string): Promise<number> {
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    const reply = await callCa(ca, token).catch((error: Error) => ({ status: 14, message: error.message }));
    if (reply.status === 0) return attempt;
    // NaN: the connection ended without a status, which clients treat as UNAVAILABLE.
    const isLater = Number.isNaN(reply.status) || [14, 8, 4].includes(reply.status);
    assert.ok(isLater, `${reply.status} ${reply.message}`);
    await systemClock.sleep(200 + Math.random() * 2_000);
  }
  assert.fail(`not served after ${maxAttempts} attempts`);
}

async function counterOf({ process: ca }: RunningCa, series: string): Promise<number> {
  const text = await ca.status("/metrics");
  const line = text.split("\n").find((each) => each.startsWith(series));
  return Number(line?.split(" ").at(-1) ?? 0);
}
