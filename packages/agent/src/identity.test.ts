import assert from "node:assert/strict";
import { parseTrustDomain } from "@kasbah/pki";
import { throwsWithCode } from "@kasbah/testkit";
import fc from "fast-check";
import { parseTokenSubject, resolveIdentity } from "./identity.ts";

const trustDomain = parseTrustDomain("cluster.local");
const jwt = (payload: unknown) => `e30.${Buffer.from(JSON.stringify(payload)).toString("base64url")}.c2ln`;
const token = jwt({ sub: "system:serviceaccount:demo:frontend" });
const options = (namespace?: string, serviceAccount?: string) => ({ trustDomain, namespace, serviceAccount });

describe("resolveIdentity", () => {
  it("rejects a configuration that contradicts the token", () => {
    const namespace = throwsWithCode(() => resolveIdentity(token, options("prod")), "CONFIG_INVALID");
    assert.match(namespace.message, /"demo" in the token but "prod" in --namespace/);
    throwsWithCode(() => resolveIdentity(token, options(undefined, "backend")), "CONFIG_INVALID");
  });

  it("asks for the flags if the token names no service account", () => {
    const error = throwsWithCode(() => resolveIdentity("opaque", options("demo")), "TOKEN_UNREADABLE");
    assert.match(error.message, /--service-account/);
  });

  it("returns the token's subject, or the name from the flags if the token is opaque", () => {
    const expected = "spiffe://cluster.local/ns/demo/sa/frontend";
    assert.equal(resolveIdentity(token, options()).toString(), expected);
    assert.equal(resolveIdentity(token, options("demo")).toString(), expected);
    assert.equal(resolveIdentity("opaque", options("demo", "frontend")).toString(), expected);
  });
});

describe("parseTokenSubject", () => {
  it("returns undefined for anything that is not exactly one service account", () => {
    const subjects = [
      "system:serviceaccount:demo",
      "system:serviceaccount:demo:frontend:more",
      "system:node:demo:frontend",
      "system:serviceaccount:de/mo:frontend",
      "system:serviceaccount::frontend",
      "",
      7,
      null,
    ];
    for (const sub of subjects) assert.equal(parseTokenSubject(jwt({ sub })), undefined);
    for (const payload of [null, [], "text", {}]) assert.equal(parseTokenSubject(jwt(payload)), undefined);
    for (const broken of ["", "a.b", `${token}.more`, `${token}.`, "a.!!.c", `a.${"A".repeat(20_000)}.c`]) {
      assert.equal(parseTokenSubject(broken), undefined);
    }
  });

  it("never throws on any token", () => {
    fc.assert(fc.property(fc.string(), (text) => void parseTokenSubject(text)));
    fc.assert(
      fc.property(
        fc.json(),
        (json) => void parseTokenSubject(`a.${Buffer.from(json).toString("base64url")}.c`),
      ),
    );
  });
});
