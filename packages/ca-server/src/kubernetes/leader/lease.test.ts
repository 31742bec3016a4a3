import assert from "node:assert/strict";
import { rejectsWithCode } from "@kasbah/testkit";
import type { HttpsReply } from "../../outbound/https-exchange.ts";
import { LeaseFile, microTime } from "./lease.ts";

const path = "/apis/coordination.k8s.io/v1/namespaces/kasbah-system/leases";
const object = {
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { uid: "u", resourceVersion: "7", labels: { a: "b" } },
  spec: { holderIdentity: "x", renewTime: "2030-01-01T00:00:00.000000Z", preferredHolder: "y" },
};
const claim = { holder: "a", durationMs: 15_000, at: new Date("2030-01-01T00:00:00Z") };

/** A lease whose API server always gives the same response. */
function leaseAnswering(status: number, body: unknown) {
  const asked: [path: string, body: unknown][] = [];
  const answer = async (to: string, sent?: unknown): Promise<HttpsReply> => {
    asked.push([to, sent]);
    return { status, body: typeof body === "string" ? body : JSON.stringify(body), retryAfterMs: undefined };
  };
  const client = { get: answer, post: answer, put: answer };
  return { asked, lease: new LeaseFile({ client, namespace: "kasbah-system", name: "kasbah-leader" }) };
}

const seenLease = async () =>
  (await leaseAnswering(200, object).lease.read()) ?? assert.fail("the lease was not read");

describe("LeaseFile", () => {
  it("reports an unknown lease for a response of another shape or status", async () => {
    const bodies = ["", "null", "[]", "{}", "<html>", { ...object, metadata: { uid: "u" } }];
    const specs = [null, { holderIdentity: 1 }, { leaseTransitions: -1 }, { leaseDurationSeconds: "15" }];
    for (const body of [...bodies, ...specs.map((spec) => ({ ...object, spec }))]) {
      await rejectsWithCode(leaseAnswering(200, body).lease.read(), "LEASE_UNAVAILABLE");
    }
    for (const status of [201, 204, 301, 400, 409, 410, 429, 500, 503]) {
      await rejectsWithCode(leaseAnswering(status, object).lease.read(), "LEASE_UNAVAILABLE");
    }
  });

  it("reports an unknown lease when the server does not answer, with the reason as its cause", async () => {
    const cause = new Error("ECONNREFUSED");
    const fail = async () => Promise.reject(cause);
    const lease = new LeaseFile({ client: { get: fail, post: fail, put: fail }, namespace: "n", name: "l" });
    for (const call of [lease.read(), lease.create(claim), lease.replace(await seenLease(), claim)]) {
      assert.equal((await rejectsWithCode(call, "LEASE_UNAVAILABLE")).cause, cause);
    }
  });

  it("names the missing permission", async () => {
    for (const status of [401, 403]) {
      const { lease } = leaseAnswering(status, { kind: "Status" });
      await assert.rejects(lease.read(), new RegExp(`${status}; allow .* get leases.* kasbah-system$`));
      await assert.rejects(lease.create(claim), /create leases\.coordination\.k8s\.io/);
      await assert.rejects(lease.replace(await seenLease(), claim), /update leases\.coordination\.k8s\.io/);
    }
  });

  it("returns undefined if the lease is missing or another replica was faster", async () => {
    assert.equal(await leaseAnswering(404, {}).lease.read(), undefined);
    assert.equal(await leaseAnswering(409, {}).lease.create(claim), undefined);
    for (const status of [404, 409])
      assert.equal(await leaseAnswering(status, {}).lease.replace(await seenLease(), claim), undefined);
  });

  it("fails to create a lease in a missing namespace", async () => {
    await rejectsWithCode(leaseAnswering(404, {}).lease.create(claim), "LEASE_UNAVAILABLE");
  });

  it("encodes its names, so that they cannot change the request's path", async () => {
    const paths: string[] = [];
    const get = async (to: string) => {
      paths.push(to);
      return { status: 404, body: "", retryAfterMs: undefined };
    };
    const client = { get, post: get, put: get };
    await new LeaseFile({ client, namespace: "../n?x", name: "a/b#c" }).read();
    assert.deepEqual(paths, ["/apis/coordination.k8s.io/v1/namespaces/..%2Fn%3Fx/leases/a%2Fb%23c"]);
  });

  it("replaces a lease of the version that was seen, and keeps unknown fields", async () => {
    const { lease, asked } = leaseAnswering(200, object);
    await lease.replace(await seenLease(), claim);
    const spec = {
      ...object.spec,
      holderIdentity: "a",
      leaseDurationSeconds: 15,
      leaseTransitions: 1,
      acquireTime: "2030-01-01T00:00:00.000001Z",
      renewTime: "2030-01-01T00:00:00.000001Z",
    };
    assert.deepEqual(asked, [[`${path}/kasbah-leader`, { ...object, spec }]]);
  });

  it("creates a complete lease", async () => {
    const { lease, asked } = leaseAnswering(201, object);
    await lease.create({ ...claim, durationMs: 1_500 });
    const at = "2030-01-01T00:00:00.000000Z";
    const { apiVersion, kind } = object;
    const metadata = { namespace: "kasbah-system", name: "kasbah-leader" };
    const spec = {
      holderIdentity: "a",
      leaseDurationSeconds: 2,
      acquireTime: at,
      renewTime: at,
      leaseTransitions: 0,
    };
    assert.deepEqual(asked, [[path, { apiVersion, kind, metadata, spec }]]);
  });

  it("writes times in microseconds, and never the same time twice in a row", () => {
    const at = new Date("2030-01-01T00:00:00.012Z");
    const first = microTime(at, undefined);
    const second = microTime(at, first);
    assert.equal(first, "2030-01-01T00:00:00.012000Z");
    assert.notEqual(second, first);
    assert.match(second, /^2030-01-01T00:00:00\.\d{6}Z$/);
    assert.notEqual(microTime(at, second), second);
  });
});
