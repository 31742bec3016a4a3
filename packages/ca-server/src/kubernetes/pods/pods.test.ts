import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import {
  FakeClock,
  type FakeKubernetesApi,
  type FakePod,
  rejectsWithCode,
  startFakeKubernetesApi,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { AddressRules } from "../../outbound/address-rules.ts";
import { KubernetesClient } from "../api/api-client.ts";
import { KubernetesPods } from "./pods.ts";

const frontend: FakePod = {
  namespace: "demo",
  name: "frontend-1",
  uid: "uid-1",
  serviceAccount: "frontend",
  node: "node-1",
};
const workload = { namespace: "demo", serviceAccount: "frontend" };

describe("KubernetesPods", () => {
  let directory: TemporaryDirectory;
  let api: FakeKubernetesApi;
  let clock: FakeClock;
  let pods: KubernetesPods;

  before(async () => {
    directory = await temporaryDirectory();
    api = await startFakeKubernetesApi();
    await writeFile(directory.join("ca.pem"), api.rootPem);
    await writeFile(directory.join("token"), "own");
  });

  beforeEach(() => {
    api.trouble = undefined;
    api.pods = [frontend];
    clock = new FakeClock();
    const client = new KubernetesClient({
      server: api.url,
      caFile: directory.join("ca.pem"),
      tokenFile: directory.join("token"),
      addressRules: new AddressRules([{ address: "127.0.0.1", prefix: 32 }]),
      timeoutMs: 20_000,
    });
    pods = new KubernetesPods({ client, clock });
  });

  after(async () => {
    await api.close();
    await directory.remove();
  });

  const page = '{"kind":"PodList","metadata":{"resourceVersion":"7","continue":"more"},"items":[]}';

  async function callsFor(work: () => Promise<unknown>): Promise<number> {
    const before = api.calls.length;
    await work();
    return api.calls.length - before;
  }

  it("reports an outage, not the absence of a pod, while the API server is down", async () => {
    const troubles = [
      { status: 500 },
      { status: 403 },
      { status: 429, headers: { "retry-after": "1" } },
      "cut before the answer",
      "cut within the answer",
      "garbage",
      "huge",
    ] as const;
    for (const trouble of troubles) {
      api.trouble = trouble;
      await rejectsWithCode(pods.find("demo", "frontend-1"), "AUTHENTICATOR_UNAVAILABLE");
      await rejectsWithCode(pods.runsOn("node-1", workload), "AUTHENTICATOR_UNAVAILABLE");
    }
  });

  it("reports an outage for a response of an unexpected shape", async () => {
    for (const body of ["null", "[]", "{}", '{"items":{}}', '{"items":[{}]}', '{"metadata":{"uid":1}}']) {
      api.trouble = { status: 200, body };
      await rejectsWithCode(pods.find("demo", "frontend-1"), "AUTHENTICATOR_UNAVAILABLE");
      await rejectsWithCode(pods.runsOn("node-1", workload), "AUTHENTICATOR_UNAVAILABLE");
    }
  });

  it("returns undefined if the API server answers 404 for a pod", async () => {
    assert.equal(await pods.find("demo", "gone"), undefined);
    assert.equal(await pods.find("prod", "frontend-1"), undefined);
  });

  it("reports an outage if the API server answers 404 for the list", async () => {
    api.trouble = { status: 404 };
    await rejectsWithCode(pods.runsOn("node-1", workload), "AUTHENTICATOR_UNAVAILABLE");
  });

  it("requests no pod whose name would change the path", async () => {
    const before = api.calls.length;
    for (const name of ["a/../../nodes?x=1#y", ".", "..", "", "a%2Fb", "A", "a/log", "a".repeat(254)]) {
      assert.equal(await pods.find("demo", name), undefined);
    }
    assert.equal(api.calls.length, before);
  });

  it("returns a pod with its uid, service account and node", async () => {
    const found = await pods.find("demo", "frontend-1");
    assert.deepEqual(found, { uid: "uid-1", serviceAccount: "frontend", node: "node-1" });
    assert.equal(api.calls.at(-1)?.authorization, "Bearer own");
  });

  it("finds no node for a pod until it is scheduled", async () => {
    const { node: _, ...unscheduled } = frontend;
    api.pods = [unscheduled];
    assert.equal((await pods.find("demo", "frontend-1"))?.node, "");
    assert.equal(await pods.runsOn("node-1", workload), false);
  });

  it("ignores pods on a node that have succeeded or failed", async () => {
    for (const phase of ["Succeeded", "Failed"] as const) {
      api.pods = [{ ...frontend, phase }];
      assert.equal(await pods.runsOn("node-1", workload), false, phase);
      await clock.advance(2_000);
    }
    api.pods = [{ ...frontend, phase: "Pending" }];
    assert.equal(await pods.runsOn("node-1", workload), true);
  });

  it("ignores pods on another node, in another namespace or with another service account", async () => {
    assert.equal(await pods.runsOn("node-1", workload), true);
    assert.equal(await pods.runsOn("node-2", workload), false);
    assert.equal(await pods.runsOn("node-1", { ...workload, namespace: "prod" }), false);
    assert.equal(await pods.runsOn("node-1", { ...workload, serviceAccount: "bank" }), false);
  });

  it("lists a node's pods page by page, because they may exceed one response", async () => {
    const crowd = Array.from({ length: 300 }, (_, at) => ({
      ...frontend,
      name: `a-${at}`,
      serviceAccount: `a-${at}`,
    }));
    api.pods = [...crowd, frontend];
    assert.ok((await callsFor(() => pods.runsOn("node-1", workload))) > 1);
    assert.equal(await pods.runsOn("node-1", workload), true);
    assert.equal(await pods.runsOn("node-1", { ...workload, serviceAccount: "a-300" }), false);
  });

  it("stops listing pods when the server's list never ends", async () => {
    let pages = 0;
    const endless = {
      get: async () => {
        pages += 1;
        return { status: 200, body: page, retryAfterMs: undefined };
      },
    };
    const list = new KubernetesPods({ client: endless, clock });
    await rejectsWithCode(list.runsOn("node-1", workload), "AUTHENTICATOR_UNAVAILABLE");
    assert.ok(pages < 20, String(pages));
  });

  it("reports an outage if the API server fails between two pages of a list", async () => {
    for (const status of [404, 410, 500]) {
      const answers = [200, status];
      const get = async () => ({ status: answers.shift() ?? status, body: page, retryAfterMs: undefined });
      const list = new KubernetesPods({ client: { get }, clock });
      await rejectsWithCode(list.runsOn("node-1", workload), "AUTHENTICATOR_UNAVAILABLE");
    }
  });

  it("lists the pods of each node at most once in two seconds", async () => {
    assert.equal(await callsFor(() => pods.runsOn("node-1", workload)), 1);
    await clock.advance(1_999);
    assert.equal(await callsFor(() => pods.runsOn("node-1", workload)), 0);
    assert.equal(await callsFor(() => pods.runsOn("node-2", workload)), 1);
    api.pods = [];
    await clock.advance(1);
    assert.equal(await callsFor(() => pods.runsOn("node-1", workload)), 1);
    assert.equal(await pods.runsOn("node-1", workload), false);
  });

  it("sends one list request for a hundred concurrent callers, the first time and later", async () => {
    const crowd = () => Promise.all(Array.from({ length: 100 }, () => pods.runsOn("node-1", workload)));
    assert.equal(await callsFor(crowd), 1);
    await clock.advance(2_000);
    assert.equal(await callsFor(crowd), 1);
  });

  it("lists again immediately after a failed list", async () => {
    api.trouble = { status: 503 };
    await rejectsWithCode(pods.runsOn("node-1", workload), "AUTHENTICATOR_UNAVAILABLE");
    api.trouble = undefined;
    assert.equal(await pods.runsOn("node-1", workload), true);
  });

  it("looks up single pods without a cache, because a pod's uid identifies the caller", async () => {
    await pods.find("demo", "frontend-1");
    api.pods = [{ ...frontend, uid: "uid-2" }];
    assert.equal((await pods.find("demo", "frontend-1"))?.uid, "uid-2");
  });
});
