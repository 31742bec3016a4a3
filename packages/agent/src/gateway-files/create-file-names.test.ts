import assert from "node:assert/strict";
import { AllowedDirectories } from "./allowed-directories.ts";
import { privateDirectories } from "./create-file-names.ts";

const config = {
  fileDirectories: ["/etc/istio", "./etc/certs", "/mounted"],
  tokenFile: "/tokens/token",
  cacheDir: undefined,
  outputCerts: undefined,
  provCert: undefined,
  mountedCertsDir: "/mounted",
};
const covers = (
  path: string,
  changes: Partial<Parameters<typeof privateDirectories>[0]>,
  mounted?: string,
) => {
  const all = { ...config, ...changes };
  return new AllowedDirectories(all.fileDirectories, privateDirectories(all, mounted)).cover(path);
};

describe("The directories of our own keys", () => {
  it("are never served from, whatever holds them: the key to show the CA, and mounted files in use", () => {
    assert.ok(!covers("/etc/istio/own/key.pem", { provCert: "/etc/istio/own" }));
    assert.ok(!covers("/mounted/key.pem", {}, "/mounted"));
    assert.ok(!covers("./etc/certs/key.pem", {}, "./etc/certs"));
    assert.ok(!covers("/etc/istio/own/key.pem", { mountedCertsDir: "/etc/istio/own" }));
  });

  it("leave the others to gateways, also where mounted files would be but are not in use", () => {
    assert.ok(covers("/etc/istio/shop/tls.key", { provCert: "/etc/istio/own" }, "/mounted"));
    assert.ok(covers("/mounted/key.pem", {}));
    assert.ok(covers("./etc/certs/key.pem", {}));
  });
});
