import assert from "node:assert/strict";
import { ApiAnswerError } from "./api-answer.ts";
import { admissionDenial } from "./denial.ts";

const reply = (status: number, message: unknown) => ({
  status,
  retryAfterMs: undefined,
  body: JSON.stringify({ kind: "Status", status: "Failure", message }),
});
const quota =
  'secrets "kasbah-ca" is forbidden: exceeded quota: object-counts, requested: secrets=1, used: secrets=10, limited: secrets=10';
const rbac =
  'secrets "kasbah-ca" is forbidden: User "system:serviceaccount:a:b" cannot create resource "secrets" in API group "" in the namespace "a"';

describe("admissionDenial", () => {
  it("names the ResourceQuota, webhook or policy that denies a request", () => {
    assert.match(admissionDenial(reply(403, quota)) ?? "", /ResourceQuota object-counts .* raise the quota/);
    const must = 'configmaps "x" is forbidden: failed quota: mem: must specify limits.memory';
    assert.match(admissionDenial(reply(403, must)) ?? "", /ResourceQuota mem /);
    for (const status of [400, 403, 422]) {
      const webhook = 'admission webhook "validate.kyverno.svc-fail" denied the request: no';
      assert.match(
        admissionDenial(reply(status, webhook)) ?? "",
        /webhook validate\.kyverno\.svc-fail denies/,
      );
    }
    const policy =
      "configmaps \"x\" is forbidden: ValidatingAdmissionPolicy 'no-roots' with binding 'all' denied request: no";
    assert.match(admissionDenial(reply(403, policy)) ?? "", /ValidatingAdmissionPolicy no-roots denies/);
  });

  it("finds nothing in a denial by RBAC, in an outage, and in a response that is not a Status", () => {
    for (const one of [reply(403, rbac), reply(503, quota), reply(403, 7), reply(403, undefined)]) {
      assert.equal(admissionDenial(one), undefined);
    }
    assert.equal(admissionDenial({ status: 403, body: "<html>" }), undefined);
  });

  it("quotes nothing but the name of an object", () => {
    const hostile = `exceeded quota: ${"a".repeat(300)}\nsecret, admission webhook "../x y"`;
    assert.ok((admissionDenial(reply(403, hostile)) ?? "").length < 350);
    assert.doesNotMatch(admissionDenial(reply(403, hostile)) ?? "", /secret|\n|\.\.\//);
  });
});

describe("ApiAnswerError", () => {
  it("says that a quota denies a write, and asks for a role only if none is known to deny it", () => {
    const { message } = new ApiAnswerError(reply(403, quota), "a write of x");
    assert.match(message, /403 to a write of x; the ResourceQuota object-counts/);
    assert.doesNotMatch(message, /role/);
    assert.match(new ApiAnswerError(reply(403, rbac), "a write of x").message, /missing role/);
  });
});
