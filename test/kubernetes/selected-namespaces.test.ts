import assert from "node:assert/strict";
import { systemClock } from "@kasbah/runtime";
import { createTestAuthority, eventually, recordingLogger } from "@kasbah/testkit";
import { parseLabelSelector } from "../../packages/ca-server/src/config/namespaces/label-selector.ts";
import { RootPublisher } from "../../packages/ca-server/src/kubernetes/publish/publisher.ts";
import { suiteTimeoutMs } from "../harness/until.ts";
import type { ControlPlane } from "./control-plane.ts";
import { sharedControlPlane } from "./hooks.ts";
import { type Account, createPublisherAccount } from "./publisher-account.ts";

/** A key that no other suite uses, so that its namespaces never match. */
const key = "selected.kasbah.dev/mesh";
const labelled: readonly Readonly<Record<string, string>>[] = [
  {},
  { [key]: "" },
  { [key]: "on" },
  { [key]: "off", env: "a" },
  { [key]: "on", env: "b", legacy: "" },
];

describe("Selector of namespaces on a real API server", function () {
  this.timeout(suiteTimeoutMs);
  let controlPlane: ControlPlane;
  let account: Account;
  let namespaces: readonly string[];

  before(async () => {
    controlPlane = sharedControlPlane();
    account = await createPublisherAccount(controlPlane);
    namespaces = await Promise.all(
      labelled.map((labels) =>
        controlPlane.newNamespace("selected", { "test.kasbah.dev/run": "1", ...labels }),
      ),
    );
  });
  after(() => account?.remove());

  const find = (namespace: string, name: string) =>
    controlPlane.adminRequest<{ data?: Record<string, string> }>(
      "GET",
      `/api/v1/namespaces/${namespace}/configmaps/${name}`,
    );

  it("matches the same namespaces as kubectl", async () => {
    for (const selector of [
      ...[`${key}=on`, `${key}==off`, `${key}=`, `${key}!=on`, `${key}`, `!${key}`, "env in (a, b)"],
      ...["env notin (a,b)", `${key} in (on),!legacy`, `${key}=on,env=b,legacy`, "env notin (b), env"],
    ]) {
      const within = ["--selector", `test.kasbah.dev/run=1,${selector}`];
      const found = await controlPlane.kubectl(["get", "namespaces", "-o=name", ...within]);
      const { matches } = parseLabelSelector(selector);
      const ours = namespaces.filter((_, index) => matches(labelled[index] ?? {}));
      assert.deepEqual(
        ours.map((name) => `namespace/${name}`).toSorted(),
        found.split("\n").filter(Boolean).toSorted(),
      );
    }
  });

  it("publishes the root where the labels match, also once they do, and keeps it current once they do not", async () => {
    const bundle = (await createTestAuthority()).rootPem;
    const configMap = "istio-ca-root-cert";
    const publisher = new RootPublisher({
      ...{ client: account.client, configMap, selects: parseLabelSelector(`${key}=on`).matches },
      identity: () => ({ installation: "selected-tests/kasbah", stateSecret: undefined }),
      ...{ clock: systemClock, logger: recordingLogger(), roll: Math.random },
    });
    const holds = async (namespace: string, pem: string) =>
      (await find(namespace, configMap)).body.data?.["root-cert.pem"] === pem;
    const label = (namespace: string, value: string) =>
      controlPlane.kubectl(["label", "namespace", namespace, `${key}=${value}`, "--overwrite"]);
    const [plain = "", , selected = "", off = ""] = namespaces;
    publisher.publish(bundle);
    publisher.setLeading(true);
    await publisher.start();
    try {
      await eventually(() => holds(selected, bundle));
      await label(off, "on");
      await eventually(() => holds(off, bundle));
      await label(selected, "off");
      const next = bundle + (await createTestAuthority()).rootPem;
      publisher.publish(next);
      await eventually(() => holds(selected, next));
      await eventually(() => publisher.pending === 0);
      assert.equal((await find(plain, configMap)).status, 404);
    } finally {
      await publisher.stop();
    }
  });
});
