import assert from "node:assert/strict";
import { throwsWithCode } from "@kasbah/testkit";
import { inCluster } from "./in-cluster.ts";

const env = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };
const folder = "/var/run/secrets/kubernetes.io/serviceaccount";
const files: Readonly<Record<string, string>> = { token: "t", namespace: "mesh\n", "ca.crt": "pem" };

function reader(held = files): (path: string) => string {
  return (path) => {
    const name = path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : "";
    return held[name] ?? assert.fail(`ENOENT: ${path}`);
  };
}

describe("What a pod is told of its cluster", () => {
  it("is refused where it is no address", () => {
    const hosts = ["evil.test/path", "a b", "user@host", "10.0.0.1:1", "[::1", "h?x", "h#x", "1.2.3.4.5"];
    for (const host of hosts)
      throwsWithCode(
        () => inCluster({ ...env, KUBERNETES_SERVICE_HOST: host }, reader()),
        "ADDRESS_MALFORMED",
      );
    for (const port of ["65536", "-1", "tcp://10.0.0.1:443", "1e3", " 443"])
      throwsWithCode(
        () => inCluster({ ...env, KUBERNETES_SERVICE_PORT: port }, reader()),
        "ADDRESS_MALFORMED",
      );
  });

  it("is nothing outside of a pod", () => {
    for (const missing of ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"]) {
      assert.equal(inCluster({ ...env, [missing]: undefined }, reader()), undefined);
      assert.equal(inCluster({ ...env, [missing]: "" }, reader()), undefined);
    }
  });

  it("is nothing in a pod without a token, which is told the address all the same", () => {
    const { token: _, ...others } = files;
    assert.equal(inCluster(env, reader(others)), undefined);
    assert.equal(inCluster(env, reader({ ...files, token: " \n" })), undefined);
  });

  it("is where the API server is, whom to trust there, and who we are", () => {
    const { api, ...rest } = inCluster(env, reader()) ?? assert.fail("in no cluster");
    assert.equal(api.href, "https://10.0.0.1/");
    assert.deepEqual(rest, {
      caFile: `${folder}/ca.crt`,
      tokenFile: `${folder}/token`,
      namespace: "mesh",
    });
  });

  it("may be an IPv6 address or a name, and another port", () => {
    const at = (host: string, port: string) =>
      inCluster({ KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port }, reader())?.api.href;
    assert.equal(at("fd00::1", "6443"), "https://[fd00::1]:6443/");
    assert.equal(at("kubernetes.default.svc", "6443"), "https://kubernetes.default.svc:6443/");
  });

  it("may lack the namespace, where the token was mounted by hand", () => {
    const { namespace: _, ...others } = files;
    assert.equal(inCluster(env, reader(others))?.namespace, undefined);
  });
});
