import assert from "node:assert/strict";
import { FakeClock, type RecordingLogger, recordingLogger } from "@kasbah/testkit";
import { bareConfig, fullConfig } from "./rbac-config.fixture.ts";
import { RbacProbe } from "./rbac-probe.ts";
import { neededPermissions } from "./rbac-rules.ts";

interface Attributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly name?: string;
  readonly namespace?: string;
}

const minute = 60_000;
const second = 1_000;

describe("RbacProbe", () => {
  let clock: FakeClock;
  let logger: RecordingLogger;
  let asked: Attributes[];
  let open: number;
  let mostAtOnce: number;
  let answer: (attributes: Attributes) => { status: number; body: string } | Promise<never>;
  let probe: RbacProbe | undefined;

  const verdict = (allowed: boolean) => ({ status: 201, body: JSON.stringify({ status: { allowed } }) });
  const allowAll = () => verdict(true);
  const denySecrets = ({ resource }: Attributes) => verdict(resource !== "secrets");
  const fail = () => Promise.reject(new Error("ECONNREFUSED"));
  const client = {
    async post(path: string, body: unknown) {
      assert.equal(path, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews");
      const { spec } = body as { spec: { resourceAttributes: Attributes } };
      asked.push(spec.resourceAttributes);
      open += 1;
      mostAtOnce = Math.max(mostAtOnce, open);
      await clock.sleep(10);
      open -= 1;
      return { ...(await answer(spec.resourceAttributes)), retryAfterMs: undefined };
    },
  };

  beforeEach(() => {
    [clock, logger, asked, open, mostAtOnce] = [new FakeClock(), recordingLogger(), [], 0, 0];
    answer = allowAll;
  });

  afterEach(async () => {
    await probe?.stop();
  });

  async function start(config = fullConfig): Promise<RbacProbe> {
    const permissions = neededPermissions(config);
    probe = new RbacProbe({ client, permissions, namespace: "kasbah-system", clock, logger });
    await probe.start();
    await clock.runFor(second);
    return probe;
  }

  it("reports only an outage while the API server is down, with few requests", async () => {
    answer = fail;
    const { missing, unanswered } = probed(await start());
    assert.deepEqual(missing, []);
    assert.match(String(unanswered), /^Kubernetes API: does not answer, so the CA/);
    assert.ok(asked.length <= 4, String(asked.length));
    await clock.runFor(5 * minute);
    assert.equal(logger.named("cannot check RBAC permissions").length, 1);
  });

  it("reports that it has no answers before the first ones arrive", async () => {
    const permissions = neededPermissions(fullConfig);
    const unasked = new RbacProbe({ client, permissions, namespace: "kasbah-system", clock, logger });
    assert.match(String(unasked.unanswered()), /^Kubernetes API: has not been queried yet, /);
    assert.deepEqual(unasked.missing(), []);
    assert.equal((await start()).unanswered(), undefined);
  });

  it("does not treat any other response as a denial", async () => {
    for (const status of [200, 201]) {
      for (const body of ["", "null", "{}", '{"status":{}}', '{"status":{"allowed":"no"}}', "<html>"]) {
        answer = () => ({ status, body });
        const { missing, unanswered } = probed(await start(bareConfig));
        assert.deepEqual([missing, /did not answer with/.test(String(unanswered))], [[], true], body);
      }
    }
    for (const status of [401, 403, 404, 429, 500]) {
      answer = () => ({ ...verdict(false), status });
      const { missing, unanswered } = probed(await start(bareConfig));
      assert.deepEqual([missing, String(unanswered).includes(`answered ${status}`)], [[], true]);
    }
  });

  it("keeps its last answers while the API server is down", async () => {
    answer = denySecrets;
    const rbac = await start();
    const before = rbac.missing();
    answer = fail;
    await clock.runFor(minute);
    assert.deepEqual(rbac.missing(), before);
    assert.ok(rbac.unanswered() !== undefined);
  });

  it("describes each missing rule with its verbs in one sentence", async () => {
    answer = ({ verb, resource }) => verdict(resource !== "namespaces" && verb !== "update");
    const missing = (await start()).missing();
    assert.deepEqual(
      missing.map((sentence) => sentence.split(", which the CA needs")[0]),
      [
        "RBAC: cannot list or watch namespaces",
        "RBAC: cannot update configmaps named istio-ca-root-cert",
        "RBAC: cannot update configmaps named kasbah-checkpoints in the namespace kasbah-system",
        "RBAC: cannot update secrets named kasbah-state in the namespace kasbah-system",
        "RBAC: cannot update leases.coordination.k8s.io named kasbah-leader in the namespace kasbah-system",
        "RBAC: cannot update clustertrustbundles.certificates.k8s.io named kasbah.dev:ca:root",
      ],
    );
  });

  it("sends a few queries at a time, in the namespace where a Role suffices, and by name where a rule has names", async () => {
    await start();
    assert.equal(asked.length, neededPermissions(fullConfig).length);
    assert.ok(mostAtOnce > 1 && mostAtOnce <= 4, String(mostAtOnce));
    const of = (wanted: string, verb: string) =>
      asked.find((each) => each.resource === wanted && each.verb === verb);
    assert.deepEqual(
      { ...of("secrets", "update") },
      { verb: "update", group: "", resource: "secrets", name: "kasbah-state", namespace: "kasbah-system" },
    );
    assert.equal(of("secrets", "create")?.name, undefined);
    assert.equal(of("namespaces", "watch")?.namespace, undefined);
  });

  it("queries again every minute, and sooner while a permission is missing", async () => {
    const rbac = await start(bareConfig);
    await clock.runFor(59 * second);
    assert.equal(asked.length, 1);
    answer = () => verdict(false);
    await clock.runFor(2 * second);
    assert.deepEqual([asked.length, rbac.missing().length], [2, 1]);
    answer = allowAll;
    await clock.runFor(11 * second);
    assert.deepEqual(rbac.missing(), []);
  });

  it("logs each change once", async () => {
    answer = denySecrets;
    await start();
    await clock.runFor(minute);
    assert.equal(logger.named("RBAC permission missing").length, 2);
    answer = allowAll;
    await clock.runFor(minute);
    assert.equal(logger.named("all RBAC permissions granted").length, 1);
    assert.equal(logger.events.length, 3);
  });

  it("stops immediately with queries in flight", async () => {
    const rbac = await start(bareConfig);
    await clock.runFor(minute - second + 15);
    assert.equal(open, 1);
    await rbac.stop();
    const before = asked.length;
    await clock.runFor(5 * minute);
    assert.equal(asked.length, before);
  });

  const probed = (rbac: RbacProbe) => ({ missing: rbac.missing(), unanswered: rbac.unanswered() });
});
