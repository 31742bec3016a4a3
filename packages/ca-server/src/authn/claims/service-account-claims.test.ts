import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { throwsWithCode } from "@kasbah/testkit";
import fc from "fast-check";
import { CaError } from "../../errors.ts";
import { parseServiceAccountName, readServiceAccount, tokenIdHash } from "./service-account-claims.ts";

const sub = "system:serviceaccount:demo:frontend";
const bound = {
  namespace: "demo",
  serviceaccount: { name: "frontend", uid: "account-uid" },
  pod: { name: "frontend-1", uid: "pod-uid" },
  node: { name: "node-1", uid: "node-uid" },
};
const read = (kubernetes: unknown) => readServiceAccount({ sub, "kubernetes.io": kubernetes });
const refuse = (kubernetes: unknown) => throwsWithCode(() => read(kubernetes), "TOKEN_REJECTED");

describe("parseServiceAccountName", () => {
  it("accepts only names with exactly four parts, each of them valid in Kubernetes", () => {
    const names = [
      "system:serviceaccount:demo",
      `${sub}:extra`,
      `${sub}:`,
      "system:serviceaccount::frontend",
      "system:serviceaccount:demo:",
      ":serviceaccount:demo:frontend",
      "system::demo:frontend",
      "System:serviceaccount:demo:frontend",
      "system:serviceaccounts:demo:frontend",
      "system:node:demo:frontend",
      "system:serviceaccount:Demo:frontend",
      "system:serviceaccount:demo:Frontend",
      "system:serviceaccount:de.mo:frontend",
      "system:serviceaccount:demo:a/b",
      "system:serviceaccount:demo/sa:b",
      "system:serviceaccount:demo:..",
      "system:serviceaccount:demo:../admin",
      "system:serviceaccount:demo:%2e%2e",
      "system:serviceaccount:demo:fröntend",
      "system:serviceaccount:demo:front\u0000end",
      `${sub}\n`,
      ` ${sub}`,
      `system:serviceaccount:${"a".repeat(64)}:frontend`,
      `system:serviceaccount:demo:${"a".repeat(254)}`,
      "system:node:node-1",
      "kubernetes-admin",
      "",
      undefined,
      null,
      42,
      [sub],
      { toString: () => sub },
    ];
    for (const name of names)
      throwsWithCode(() => parseServiceAccountName(name), "CALLER_NOT_SERVICE_ACCOUNT");
  });

  it("quotes the rejected name escaped and cut, because it is the caller's own", () => {
    const name = `\u001b[31m\n${"x".repeat(5000)}`;
    const { message } = throwsWithCode(() => parseServiceAccountName(name), "CALLER_NOT_SERVICE_ACCOUNT");
    assert.ok(message.length < 500);
    assert.ok(!message.includes("\u001b") && !message.includes("\n"));
  });

  it("returns the workload that the name identifies", () => {
    assert.deepEqual(parseServiceAccountName(sub), { namespace: "demo", serviceAccount: "frontend" });
    const dotted = parseServiceAccountName("system:serviceaccount:demo:a.b-c");
    assert.equal(dotted.serviceAccount, "a.b-c");
  });

  it("returns a workload or refuses the name with its code, for any value", () => {
    const part = fc.oneof(fc.string(), fc.constantFrom("system", "serviceaccount", "demo", "a.b", "-", ".."));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        try {
          const { namespace, serviceAccount } = parseServiceAccountName(parts.join(":"));
          assert.equal(`system:serviceaccount:${namespace}:${serviceAccount}`, parts.join(":"));
          assert.match(namespace, /^[a-z0-9-]{1,63}$/);
          assert.match(serviceAccount, /^[a-z0-9.-]{1,253}$/);
        } catch (error) {
          assert.ok(error instanceof CaError && error.code === "CALLER_NOT_SERVICE_ACCOUNT", String(error));
        }
      }),
    );
  });
});

describe("readServiceAccount", () => {
  it("rejects claims under kubernetes.io that do not match the sub", () => {
    refuse({ ...bound, namespace: "prod" });
    refuse({ ...bound, namespace: "Demo" });
    refuse({ ...bound, namespace: undefined });
    refuse({ ...bound, serviceaccount: { name: "bank" } });
    refuse({ ...bound, serviceaccount: {} });
    refuse({ ...bound, serviceaccount: undefined });
    const { message } = refuse({ ...bound, serviceaccount: { name: "bank" } });
    assert.match(message, /serviceaccount\.name .*expected "frontend", seen "bank"/);
  });

  it("rejects claims under kubernetes.io that have the wrong type", () => {
    for (const odd of [null, "demo", 1, true, [], [bound], {}]) refuse(odd);
    for (const name of ["serviceaccount", "pod", "node", "secret"] as const) {
      for (const odd of [null, "a", 1, [], [{}]]) refuse({ ...bound, [name]: odd });
    }
    for (const odd of ["", "x".repeat(254), 1, null, ["a"], {}]) {
      refuse({ ...bound, pod: { ...bound.pod, name: odd } });
      refuse({ ...bound, pod: { ...bound.pod, uid: odd } });
      refuse({ ...bound, node: { name: odd } });
      refuse({ ...bound, node: { name: "node-1", uid: odd } });
      refuse({ ...bound, serviceaccount: { name: "frontend", uid: odd } });
    }
    refuse({ ...bound, pod: { name: "frontend-1" } });
    refuse({ ...bound, node: {} });
    for (const odd of ["1", null, [], true]) refuse({ ...bound, warnafter: odd });
  });

  it("ignores properties that claims inherit from Object.prototype", () => {
    assert.deepEqual(readServiceAccount({ sub }), {
      workload: { namespace: "demo", serviceAccount: "frontend" },
    });
    refuse(JSON.parse('{"__proto__":{"namespace":"demo","serviceaccount":{"name":"frontend"}}}'));
  });

  it("returns the pod and the node of the caller", () => {
    const workload = { namespace: "demo", serviceAccount: "frontend" };
    assert.deepEqual(read(bound), { workload, pod: bound.pod, node: "node-1" });
    const { pod, node, ...alone } = bound;
    assert.deepEqual(read(alone), { workload });
    assert.deepEqual(read({ ...alone, pod }), { workload, pod });
    assert.deepEqual(read({ ...alone, node: { name: node.name } }), { workload, node: "node-1" });
  });

  it("accepts claims that later versions of Kubernetes add", () => {
    assert.ok(read({ ...bound, secret: { name: "s", uid: "u" }, warnafter: 1893456000, future: [1] }));
  });

  it("returns facts or a refusal with its code, for any claims", () => {
    const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom("demo", "frontend", "a"));
    const entry = fc.oneof(value, fc.record({ name: value, uid: value }, { requiredKeys: [] }));
    const names = {
      namespace: entry,
      serviceaccount: entry,
      pod: entry,
      node: entry,
      secret: entry,
      warnafter: entry,
    };
    const claim = fc.oneof(value, fc.record(names, { requiredKeys: [] }));
    fc.assert(
      fc.property(claim, (kubernetes) => {
        try {
          assert.equal(read(kubernetes).workload.namespace, "demo");
        } catch (error) {
          assert.ok(error instanceof CaError && error.code === "TOKEN_REJECTED", String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("tokenIdHash", () => {
  it("returns the hash of the jti, or undefined for a token without one", () => {
    const hash = createHash("sha256").update("an-id").digest("hex");
    assert.equal(tokenIdHash({ jti: "an-id" }), hash);
    assert.equal(tokenIdHash({}), undefined);
  });

  it("rejects a jti that is not a string", () => {
    for (const jti of [null, 1, true, [], ["an-id"], {}])
      throwsWithCode(() => tokenIdHash({ jti }), "TOKEN_REJECTED");
  });
});
