import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import {
  type FakeKubernetesApi,
  rejectsWithCode,
  startFakeKubernetesApi,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { type AddressRange, AddressRules } from "../../outbound/address-rules.ts";
import { KubernetesClient } from "./api-client.ts";

describe("KubernetesClient", () => {
  let directory: TemporaryDirectory;
  let api: FakeKubernetesApi;

  before(async () => {
    directory = await temporaryDirectory();
    api = await startFakeKubernetesApi({
      pods: [{ namespace: "demo", name: "a", uid: "u", serviceAccount: "a", node: "n" }],
    });
    await writeFile(directory.join("ca.pem"), api.rootPem);
    await writeFile(directory.join("token"), "first");
  });

  after(async () => {
    await api.close();
    await directory.remove();
  });

  const client = (
    allowed: readonly AddressRange[] = [{ address: "127.0.0.1", prefix: 32 }],
    server = api.url,
  ) =>
    new KubernetesClient({
      server,
      caFile: directory.join("ca.pem"),
      tokenFile: directory.join("token"),
      addressRules: new AddressRules(allowed),
    });

  it("does not connect to a loopback address that is not allowed", async () => {
    const before = api.calls.length;
    await rejectsWithCode(client([]).get("/api/v1/pods"), "HTTPS_FAILED");
    assert.equal(api.calls.length, before);
  });

  it("sends its own token as the kubelet last wrote it", async () => {
    await client().get("/api/v1/pods");
    await writeFile(directory.join("token"), "second\n");
    await client().post("/api/v1/pods", {});
    const [first, second] = api.calls.slice(-2);
    assert.deepEqual([first?.method, first?.authorization], ["GET", "Bearer first"]);
    assert.deepEqual([second?.method, second?.authorization], ["POST", "Bearer second"]);
  });

  it("returns any status with its body", async () => {
    const { status, body } = await client().get("/api/v1/namespaces/demo/pods/a");
    assert.equal(status, 200);
    assert.equal(JSON.parse(body).metadata.uid, "u");
    assert.equal((await client().get("/api/v1/namespaces/demo/pods/b")).status, 404);
  });

  it("reaches one of several clusters behind a proxy by the path of its URL", async () => {
    for (const path of ["/k8s/clusters/c-1", "/k8s/clusters/c-1/"]) {
      await client(undefined, new URL(path, api.url)).get("/api/v1/pods?limit=1");
      assert.equal(api.calls.at(-1)?.path, "/k8s/clusters/c-1/api/v1/pods?limit=1");
    }
    await client(undefined, new URL("/", api.url)).get("/api/v1/pods");
    assert.equal(api.calls.at(-1)?.path, "/api/v1/pods");
  });
});
