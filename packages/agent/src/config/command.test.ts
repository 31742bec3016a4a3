import assert from "node:assert/strict";
import { ConfigInvalidError } from "@kasbah/runtime";
import { loadConfig } from "@kasbah/runtime/yaml";
import { workloadKeyOf } from "../secret/workload-key.ts";
import { command } from "./command.ts";
import { options } from "./options.ts";
import { caRootPath } from "./places.ts";

const load = (argv: string[], env: Record<string, string> = {}) => {
  const outcome = loadConfig(command, options, { argv, env, readFile: () => "" });
  assert.ok(outcome.kind === "run");
  return outcome.config;
};

import { sdsSocketPath } from "./socket-options.ts";

describe("The agent's configuration", () => {
  it("lists all configuration problems together", () => {
    const argv = ["--trust-domain", "Not/One", "--namespace", "Demo", "--secret-ttl", "soon", "--nonsense"];
    assert.throws(
      () => load(argv, { SECRET_GRACE_PERIOD_RATIO: "2" }),
      (error) => error instanceof ConfigInvalidError && error.problems.length === 5,
    );
  });

  it("rejects a rotation policy that could rotate too late", () => {
    assert.throws(
      () => load(["--grace-period-ratio", "0.01", "--grace-period-jitter", "0.02"]),
      ConfigInvalidError,
    );
    assert.throws(() => load(["--secret-ttl", "10ms"]), ConfigInvalidError);
  });

  it("rejects a proxy that is reached over TLS, and text that names no proxy, without showing it", () => {
    for (const text of [
      "https://u:secret@proxy.example",
      "proxy.example:3128",
      "http://secret/path",
      "http://u:secret%@proxy.example:3128",
      "http://u:100%secret@proxy.example:3128",
      "env",
    ]) {
      assert.throws(
        () => load([], { KASBAH_CA_PROXY: text }),
        (error) => error instanceof ConfigInvalidError && !/secret|got/.test(error.message),
        text,
      );
    }
    const { caProxy, caNoProxy } = load(["--ca-proxy", "http://u:secret@proxy.example:3128"], {
      KASBAH_CA_NO_PROXY: ".svc,10.0.0.0/8",
    });
    assert.equal(JSON.stringify(caProxy), '{"kind":"url","url":"[redacted]"}');
    assert.deepEqual(caNoProxy, [".svc", "10.0.0.0/8"]);
  });

  it("rejects short RSA keys, which Istio rejects only at each CSR, and unknown curves", () => {
    for (const env of [
      { WORKLOAD_RSA_KEY_SIZE: "1024" },
      { WORKLOAD_RSA_KEY_SIZE: "2047" },
      { ECC_CURVE: "P521" },
      { ECC_SIGNATURE_ALGORITHM: "RSA" },
      { PKCS8_KEY: "maybe" },
    ]) {
      assert.throws(() => load([], env), ConfigInvalidError, JSON.stringify(env));
    }
  });

  it("rejects an output directory that it also reads, and --on-rotate without --output-certs", () => {
    for (const argv of [
      ["--output-certs", "./var/run/secrets/istio/"],
      ["--output-certs", "/x/../certs", "--ca-root", "/certs/root-cert.pem"],
      ["--output-certs", "./var/run/secrets/workload-spiffe-credentials"],
      ["--output-certs", "./etc/certs", "--file-mounted-certs", "true"],
      ["--on-rotate", "true"],
    ]) {
      assert.throws(() => load(argv), ConfigInvalidError, argv.join(" "));
    }
    assert.equal(load(["--output-certs", "/certs", "--on-rotate", "true"]).onRotate, "true");
  });

  it("accepts only key file modes in which no other user can write", () => {
    for (const mode of ["600", "0640", "0400", "0644"]) {
      const { outputCertsMode } = load(["--output-certs-mode", mode]);
      assert.equal(outputCertsMode, Number.parseInt(mode, 8));
    }
    for (const mode of ["0", "0660", "0666", "0700", "0200", "384", "00600", "rw"]) {
      assert.throws(() => load(["--output-certs-mode", mode]), ConfigInvalidError, mode);
    }
  });

  it("rejects unknown socket modes", () => {
    assert.throws(() => load(["--sds-socket-mode", "0777"]), ConfigInvalidError);
    assert.throws(() => load(["--sds-socket-file", "../socket"]), ConfigInvalidError);
    assert.equal(load(["--sds-socket-mode", "0660"]).sdsSocketMode, 0o660);
  });

  it("rejects sockets that are no paths, in flags and in the environment, with the path to write", () => {
    const problemOf = (argv: string[], env: Record<string, string> = {}) => {
      try {
        load(argv, env);
      } catch (error) {
        return error instanceof ConfigInvalidError ? error.problems.join() : String(error);
      }
      return "accepted";
    };
    assert.equal(
      problemOf(["--workload-socket", "unix:///run/spiffe/workload.sock"]),
      '--workload-socket (from the command line): expected a path, not the URI that clients of the socket use: write /run/spiffe/workload.sock, got "unix:///run/spiffe/workload.sock"',
    );
    for (const text of ["unix:/run/x", "tcp://127.0.0.1:1", "@abstract", "/run/x/"]) {
      assert.match(problemOf(["--sds-socket", text]), /^--sds-socket .* expected /, text);
      assert.match(
        problemOf([], { KASBAH_WORKLOAD_SOCKET: text }),
        /^--workload-socket \(from environment/,
        text,
      );
    }
  });

  it("rejects one path for both sockets", () => {
    assert.throws(
      () => load(["--sds-socket", "/run/x", "--workload-socket", "/run/./x"]),
      ConfigInvalidError,
    );
    assert.throws(
      () => load(["--workload-socket", "var/run/secrets/workload-spiffe-uds/socket"]),
      ConfigInvalidError,
    );
  });

  it("rejects istiod's plain-text port, and --prov-cert with --token-only", () => {
    assert.throws(
      () => load(["--ca-address", "istiod.istio-system.svc:15010"]),
      /15010 has no TLS.*use 15012/,
    );
    assert.throws(() => load(["--token-only", "--prov-cert", "/certs"]), /conflicts with --prov-cert/);
  });

  it("rejects headers that the agent sets or that contain control characters, without quoting their values", () => {
    for (const header of [
      "authorization=secret",
      "ClusterID=secret",
      "grpc-timeout=secret",
      "x=a\nsecret",
      "secret",
    ]) {
      assert.throws(
        () => load(["--ca-header", header]),
        (error) => error instanceof ConfigInvalidError && !error.message.includes("secret"),
        header,
      );
    }
  });

  it("reads headers from flags and, as in Istio, from the environment", () => {
    const env = { CA_HEADER_Foo: "bar", CA_HEADER_x_tenant: "a,b=c", KASBAH_CA_HEADERS: "one=1,two=2" };
    assert.deepEqual(load([], env).caHeaders, [
      { name: "one", value: "1" },
      { name: "two", value: "2" },
      { name: "foo", value: "bar" },
      { name: "x_tenant", value: "a,b=c" },
    ]);
    assert.deepEqual(load(["--ca-header", "x-a=b"], env).caHeaders, [{ name: "x-a", value: "b" }]);
  });

  it("accepts several addresses, and takes the roots from the provided certificate's directory", () => {
    const config = load([], { CA_ADDR: "a:15012,b:15012", PROV_CERT: "/certs" });
    assert.deepEqual(
      config.caAddresses.map(({ host }) => host),
      ["a", "b"],
    );
    assert.equal(caRootPath(config), "/certs/root-cert.pem");
    assert.equal(caRootPath({ ...config, caRoot: "SYSTEM" }), "SYSTEM");
  });

  it("allows output in place on a virtual machine, and in no other directory that the agent reads", () => {
    const inPlace = { PROV_CERT: "/etc/certs", OUTPUT_CERTS: "/etc/certs/" };
    assert.equal(load([], inPlace).outputCerts, "/etc/certs/");
    for (const extra of [
      ["--ca-root", "/etc/certs/root-cert.pem"],
      ["--mounted-certs-dir", "/etc/certs"],
    ]) {
      assert.throws(() => load(extra, inPlace), /--output-certs: the agent also reads from this directory/);
    }
  });

  it("rejects a cache without a root file to verify it against", () => {
    assert.throws(() => load(["--ca-root", "SYSTEM", "--cache-dir", "/cache"]), /--cache-dir: .*--ca-root/);
  });

  it("uses Istio's defaults", () => {
    const config = load([]);
    assert.deepEqual(config.caAddresses, [{ host: "kasbah.kasbah-system.svc", port: 15012 }]);
    assert.equal(caRootPath(config), "./var/run/secrets/istio/root-cert.pem");
    assert.equal(config.tokenFile, "./var/run/secrets/tokens/istio-token");
    assert.equal(sdsSocketPath(config), "var/run/secrets/workload-spiffe-uds/socket");
    assert.equal(config.sdsSocketMode, 0o600);
    assert.equal(config.trustDomain.toString(), "cluster.local");
    assert.deepEqual([config.namespace, config.serviceAccount], [undefined, undefined]);
    assert.deepEqual(
      [config.secretTtl, config.gracePeriodRatio, config.gracePeriodJitter],
      [86_400_000, 0.5, 0.01],
    );
    assert.deepEqual(config.statusAddress, { host: "127.0.0.1", port: 15020 });
  });

  it("reads Istio's environment variables", () => {
    const config = load([], {
      CA_ADDR: "istiod.istio-system.svc:15012",
      CA_ROOT_CA: "/roots.pem",
      TRUST_DOMAIN: "td.example",
      POD_NAMESPACE: "demo",
      SERVICE_ACCOUNT: "frontend",
      SECRET_TTL: "24h0m0s",
      SECRET_GRACE_PERIOD_RATIO: "0.4",
      SECRET_GRACE_PERIOD_RATIO_JITTER: "0.02",
      ECC_SIGNATURE_ALGORITHM: "ECDSA",
      ECC_CURVE: "P384",
      PKCS8_KEY: "true",
      OUTPUT_CERTS: "/certs",
      FILE_MOUNTED_CERTS: "true",
    });
    assert.deepEqual(workloadKeyOf(config), { keyType: "P-384", keyFormat: "pkcs8" });
    assert.deepEqual([config.outputCerts, config.fileMountedCerts], ["/certs", true]);
    assert.equal(config.caAddresses[0]?.host, "istiod.istio-system.svc");
    assert.equal(config.caRoot, "/roots.pem");
    assert.equal(config.trustDomain.toString(), "td.example");
    assert.deepEqual([config.namespace, config.serviceAccount], ["demo", "frontend"]);
    assert.deepEqual(
      [config.secretTtl, config.gracePeriodRatio, config.gracePeriodJitter],
      [86_400_000, 0.4, 0.02],
    );
  });
});
