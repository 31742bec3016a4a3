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

describe("privateDirectories", () => {
  it("excludes the directories of the provided certificate and of mounted certificates in use, even inside an allowed directory", () => {
    assert.ok(!covers("/etc/istio/own/key.pem", { provCert: "/etc/istio/own" }));
    assert.ok(!covers("/mounted/key.pem", {}, "/mounted"));
    assert.ok(!covers("./etc/certs/key.pem", {}, "./etc/certs"));
    assert.ok(!covers("/etc/istio/own/key.pem", { mountedCertsDir: "/etc/istio/own" }));
  });

  it("leaves other directories to gateways, including the named directory of unused mounted certificates", () => {
    assert.ok(covers("/etc/istio/shop/tls.key", { provCert: "/etc/istio/own" }, "/mounted"));
    assert.ok(covers("/mounted/key.pem", {}));
    assert.ok(covers("./etc/certs/key.pem", {}));
  });
});
