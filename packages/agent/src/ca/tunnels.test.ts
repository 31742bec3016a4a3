import assert from "node:assert/strict";
import { ConfigInvalidError } from "@kasbah/runtime";
import { parseCaProxy } from "../config/proxy.ts";
import { createTunnels } from "./tunnels.ts";

const ca = { host: "ca.example", port: 15_012 };
const inCluster = { host: "kasbah.kasbah-system.svc", port: 15_012 };

type Environment = Readonly<Record<string, string | undefined>>;

const tunnels = (proxy: string, environment: Environment = {}, except: readonly string[] = []) =>
  createTunnels({ setting: parseCaProxy(proxy), except, environment });

describe("createTunnels", () => {
  it("never takes a proxy from the environment unless the setting says so", () => {
    const environment = { HTTPS_PROXY: "http://env.example:1", HTTP_PROXY: "http://env.example:2" };
    assert.equal(tunnels("none", environment)(ca), undefined);
    assert.equal(tunnels("http://own.example:3128", environment)(ca)?.name, "http://own.example:3128");
    assert.equal(tunnels("environment", environment)(ca)?.name, "http://env.example:1");
    assert.equal(tunnels("environment", { HTTP_PROXY: "http://env.example:2" })(ca), undefined);
  });

  it("prefers the lower-case variables, and an empty one counts as unset", () => {
    const both = { https_proxy: "http://a.example:1", HTTPS_PROXY: "http://b.example:1" };
    assert.equal(tunnels("environment", both)(ca)?.name, "http://a.example:1");
    assert.equal(tunnels("environment", { ...both, https_proxy: "" })(ca)?.name, "http://b.example:1");
  });

  it("reaches the CAs of --ca-no-proxy directly, and those of NO_PROXY only with the environment's proxy", () => {
    const environment = { HTTPS_PROXY: "http://env.example:1", NO_PROXY: "10.0.0.0/8, .svc" };
    assert.equal(tunnels("environment", environment)(inCluster), undefined);
    assert.notEqual(tunnels("environment", environment)(ca), undefined);
    assert.notEqual(tunnels("http://own.example", environment)(inCluster), undefined);
    assert.equal(tunnels("http://own.example", environment, ["ca.example:15012"])(ca), undefined);
  });

  it("refuses a variable that names no usable proxy, and quotes nothing of it", () => {
    for (const text of ["https://u:secret@env.example", "socks5://secret", "http://u:%secret@env.example"]) {
      assert.throws(
        () => tunnels("environment", { HTTPS_PROXY: text }),
        (error) => error instanceof ConfigInvalidError && !/secret/.test(error.message),
      );
    }
  });
});
