import assert from "node:assert/strict";
import { FakeClock, recordingLogger, untilSeen } from "@kasbah/testkit";
import { fullConfig } from "../../packages/ca-server/src/kubernetes/rbac/rbac-config.fixture.ts";
import { RbacProbe } from "../../packages/ca-server/src/kubernetes/rbac/rbac-probe.ts";
import {
  neededPermissions,
  neededRules,
  type Permission,
} from "../../packages/ca-server/src/kubernetes/rbac/rbac-rules.ts";
import { suiteTimeoutMs } from "../harness/until.ts";
import type { ControlPlane } from "./control-plane.ts";
import { sharedControlPlane } from "./hooks.ts";
import { createLeastAccount, type LeastAccount } from "./leader/least-account.ts";

const permissions = neededPermissions(fullConfig);
/** Kubernetes lets every service account read these (system:cluster-trust-bundle-discovery). */
const isGrantedToAll = ({ rule, verb }: Permission) =>
  rule.resource === "clustertrustbundles" && ["get", "list", "watch"].includes(verb);
/** A right in the whole cluster includes the one in the CA's namespace: here the creation of ConfigMaps. */
const isIncluded = ({ rule, verb, name }: Permission) =>
  rule.scope === "namespace" &&
  permissions.some(
    (other) =>
      other.rule.scope === "cluster" &&
      other.rule.group === rule.group &&
      other.rule.resource === rule.resource &&
      other.verb === verb &&
      (other.name === undefined || other.name === name),
  );

describe("RbacProbe against a real API server", function () {
  this.timeout(suiteTimeoutMs);
  let controlPlane: ControlPlane;
  let account: LeastAccount;
  let clock: FakeClock;
  let probe: RbacProbe;

  before(async () => {
    controlPlane = sharedControlPlane();
    account = await createLeastAccount(controlPlane);
  });

  beforeEach(async () => {
    clock = new FakeClock();
    const { client, namespace } = account;
    probe = new RbacProbe({ client, permissions, namespace, clock, logger: recordingLogger() });
  });

  afterEach(async () => {
    await probe.stop();
  });

  after(async () => {
    await account?.remove();
  });

  /** Polls, because a change of rights takes moments to take effect. */
  const missingUntil = (isExpected: (missing: readonly string[]) => boolean) =>
    untilSeen("expected answer", 20_000, async () => {
      await clock.runFor(10_000);
      const isKnown = probe.unanswered() === undefined;
      return isKnown && isExpected(probe.missing()) ? probe.missing() : undefined;
    });

  it("names every missing rule for an account without rights", async () => {
    await account.allow([]);
    await probe.start();
    const missing = await missingUntil((found) => found.length === neededRules.length);
    assert.match(missing[0] ?? "", /^RBAC: cannot create tokenreviews\.authentication\.k8s\.io, /);
  });

  it("reports nothing for an account with exactly the rules of the table, each restricted to its names", async () => {
    await account.allow(permissions);
    await probe.start();
    assert.deepEqual(await missingUntil((found) => found.length === 0), []);
  });

  it("names the rule and the verb of each permission that is removed", async () => {
    await account.allow(permissions);
    await probe.start();
    const checked = permissions.filter((each) => !isGrantedToAll(each) && !isIncluded(each));
    assert.ok(checked.length > 20);
    for (const taken of checked) {
      await account.allow(permissions.filter((permission) => permission !== taken));
      const { rule, verb, name } = taken;
      const isNamed = ([first = "", ...more]: readonly string[]) =>
        first.includes(`cannot ${verb} ${rule.resource}`) && first.includes(name ?? "") && more.length === 0;
      const [sentence = ""] = await missingUntil(isNamed);
      assert.ok(sentence.includes(rule.reason), sentence);
    }
  });

  it("requires sufficient rights: they allow the token review and the creation of the Secret, but not the reading of other Secrets", async () => {
    await account.allow(permissions);
    const { client, namespace } = account;
    const review = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token: "x" } };
    const secrets = `/api/v1/namespaces/${namespace}/secrets`;
    const metadata = { name: fullConfig.stateSecret };
    const statuses = async () => [
      (await client.post("/apis/authentication.k8s.io/v1/tokenreviews", review)).status,
      (await client.post(secrets, { metadata })).status,
      (await client.get(`${secrets}/${fullConfig.stateSecret}`)).status,
      (await client.get(`${secrets}/${fullConfig.takeOverSecret[0]}`)).status,
      (await client.get(`${secrets}/another-secret`)).status,
      (await client.get(secrets)).status,
    ];
    const expected = [201, 201, 200, 404, 403, 403];
    await untilSeen("rights", 10_000, async () => (await statuses())[0] === 201 || undefined);
    await controlPlane.adminRequest("DELETE", `${secrets}/${fullConfig.stateSecret}`);
    assert.deepEqual(await statuses(), expected);
  });
});
