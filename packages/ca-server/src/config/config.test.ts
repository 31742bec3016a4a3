import assert from "node:assert/strict";
import { serverOptions } from "./config.ts";
import { limitsOf } from "./limits.ts";
import { load, problems, required, run } from "./loaded-config.fixture.ts";

describe("The configuration of kasbah-server", () => {
  it("rejects a configuration that cannot authenticate callers, and reports every conflict between options", () => {
    const found = problems(["--default-ttl", "48h", "--max-ttl", "24h"]);
    assert.equal(found.length, 2, found.join("\n"));
    assert.match(found.join("\n"), /--default-ttl: is greater than --max-ttl/);
    assert.match(
      found.join("\n"),
      /--jwks: the CA cannot authenticate any token; set --jwks and --token-issuer, --token-issuers, or --kubernetes-api/,
    );
  });

  it("reports every value that is invalid on its own", () => {
    const found = problems(["--max-ttl", "soon", "--grpc-address", "nowhere", "--colour", "--jwks", ""]);
    assert.equal(found.length, 4, found.join("\n"));
    for (const flag of ["--jwks", "--max-ttl", "--grpc-address", "--colour"]) {
      assert.ok(found.join("\n").includes(flag), `${flag} in ${found}`);
    }
  });

  it("accepts each way to authenticate callers alone", () => {
    for (const way of [
      required,
      ["--token-issuers", "/issuers.yaml"],
      ["--kubernetes-api", "https://kubernetes.default.svc"],
    ]) {
      run(way);
    }
  });

  it("accepts key sets only from files and HTTPS", () => {
    for (const jwks of ["http://host/jwks", "file:///jwks", "https://", "ftp://x"]) {
      const found = problems(["--jwks", jwks, "--token-issuer", "i"]);
      assert.equal(found.length, 1, jwks);
      assert.match(String(found[0]), /--jwks .*expected/);
    }
    const { jwks } = run(["--jwks", "https://host/openid/v1/jwks", "--token-issuer", "i"]);
    assert.ok(jwks?.kind === "https" && jwks.url.host === "host");
  });

  it("never shows the credentials of a URL that must not contain any", () => {
    const found = problems(["--jwks", "https://user:hunter2@host/jwks", "--token-issuer", "i"]);
    assert.match(String(found), /--jwks: the URL contains credentials/);
    assert.doesNotMatch(String(found), /hunter2/);
    const server = problems(["--kubernetes-api", "https://user:hunter2@host"]);
    assert.match(String(server), /--kubernetes-api: the URL contains credentials/);
    assert.doesNotMatch(String(server), /hunter2/);
    for (const text of [
      "http://user:hunter2@proxy",
      "user:hunter2@proxy:3128",
      "http://user:hunter2@proxy/path",
    ]) {
      const proxy = problems([...required, "--jwks-proxy", text]);
      assert.match(String(proxy), /--jwks-proxy/);
      assert.doesNotMatch(String(proxy), /hunter2/);
    }
  });

  it("rejects options that contradict each other", () => {
    assert.match(
      String(problems([...required, "--default-ttl", "48h", "--max-ttl", "24h"])),
      /--default-ttl/,
    );
    assert.match(String(problems([...required, "--jwks-ca-file", "/ca"])), /--jwks-ca-file/);
    assert.match(String(problems([...required, "--jwks-token-file", "/token"])), /--jwks-token-file/);
    assert.match(String(problems(["--jwks", "/jwks.json"])), /--token-issuer: is required with --jwks/);
    const issuerAlone = ["--token-issuer", "i", "--token-issuers", "/issuers.yaml"];
    assert.match(String(problems(issuerAlone)), /--token-issuer: has no effect without --jwks/);
    const nodes = [...required, "--trusted-node-account", "istio-system/ztunnel"];
    assert.match(String(problems(nodes)), /--trusted-node-account: .*set --kubernetes-api/);
  });

  it("rejects names that a server certificate must not contain", () => {
    for (const name of [
      "*.example",
      "under_score",
      "UPPER",
      "a..b",
      "a..",
      "10.0.0.1.",
      "-a",
      "x".repeat(64),
      "spiffe://td/x",
    ]) {
      assert.match(String(problems([...required, "--server-san", name])), /--server-san/, name);
    }
    const names = ["ca.mesh.test", "10.0.0.1", "fd00::1"];
    const { serverSan } = run([...required, ...names.flatMap((name) => ["--server-san", name])]);
    assert.deepEqual(serverSan, names);
    assert.deepEqual(run([...required, "--server-san", "ca.mesh.test."]).serverSan, ["ca.mesh.test"]);
  });

  it("uses the defaults that stock agents expect", () => {
    const config = run(required, { HOME: "/home/u" });
    assert.equal(config.stateDir, "/home/u/.local/state/kasbah");
    assert.equal(config.trustDomain.name, "cluster.local");
    assert.deepEqual(config.grpcAddress, { host: "127.0.0.1", port: 15012 });
    assert.deepEqual(config.httpAddress, { host: "127.0.0.1", port: 15014 });
    assert.deepEqual(config.tokenAudience, ["istio-ca"]);
    assert.deepEqual(config.serverSan, []);
    assert.equal(config.defaultTtl, 24 * 3_600_000);
    assert.equal(config.maxTtl, 90 * 24 * 3_600_000);
    assert.equal(config.noClientCertificates, false);
    assert.equal(config.maxRenewalAge, 7 * 24 * 3_600_000);
    assert.equal(config.policy, undefined);
    assert.equal(config.defaultRate, 60);
    assert.deepEqual([config.trustedNodeAccount, config.allowAddress], [[], []]);
  });

  it("puts the state into the directory that the system's conventions define", () => {
    assert.equal(run(required, { XDG_STATE_HOME: "/state" }).stateDir, "/state/kasbah");
    assert.equal(run(required, { XDG_STATE_HOME: "/state" }, {}, true).stateDir, "/var/lib/kasbah");
  });

  it("reads Istio's environment variables, below flags and above the file", () => {
    const env = {
      TRUST_DOMAIN: "env.test",
      TOKEN_AUDIENCES: "a,b",
      MAX_WORKLOAD_CERT_TTL: "48h",
      DEFAULT_WORKLOAD_CERT_TTL: "1h",
    };
    const files = {
      "/c.yaml": "trust-domain: file.test\ngrpc-address: 127.0.0.1:1\nserver-san: [one, two]\n",
    };
    const config = run([...required, "--max-ttl", "12h", "--config", "/c.yaml"], env, files);
    assert.equal(config.trustDomain.name, "env.test");
    assert.deepEqual(config.tokenAudience, ["a", "b"]);
    assert.equal(config.maxTtl, 12 * 3_600_000);
    assert.equal(config.defaultTtl, 3_600_000);
    assert.equal(config.grpcAddress.port, 1);
    assert.deepEqual(config.serverSan, ["one", "two"]);
  });

  it("reads every other option from its KASBAH_ variable and its flag", () => {
    const options = serverOptions({ isRoot: false, env: {} });
    const istio = [
      "TRUST_DOMAIN",
      "TOKEN_AUDIENCES",
      "DEFAULT_WORKLOAD_CERT_TTL",
      "MAX_WORKLOAD_CERT_TTL",
      "CITADEL_SELF_SIGNED_CA_CERT_TTL",
      "ROOT_CA_DIR",
      "CA_TRUSTED_NODE_ACCOUNTS",
      "POD_NAMESPACE",
      "POD_NAME",
    ];
    for (const { name, spec } of Object.values(options)) {
      const ours = `KASBAH_${name.toUpperCase().replaceAll("-", "_")}`;
      assert.ok(spec.env === ours || istio.includes(spec.env), `${name}: ${spec.env}`);
    }
  });

  it("rejects invalid lifetimes, constraints and schedules", () => {
    const refused: [string[], RegExp][] = [
      [["--intermediate-ttl", "11h", "--root-ttl", "10h"], /greater than --root-ttl/],
      [["--no-intermediate", "--issuer-name-constraints"], /remove one of the two/],
      [["--issuer-name-constraints", "--trust-domain", "my_mesh"], /my_mesh is not one/],
      [["--issuer-name-constraints", "--trust-domain", "10.1.2.3"], /10.1.2.3 is not one/],
      [["--rotation-schedule", "often"], /expected a cron pattern/],
      [["--root-key", "RSA-1024"], /expected P-256, P-384, RSA-3072 or RSA-4096/],
      [["--root-ttl", "0s"], /expected a duration above zero/],
    ];
    for (const [flags, problem] of refused) {
      const found = problems([...required, ...flags]);
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(String(found[0]), problem);
    }
  });

  it("rejects invalid addresses, node accounts and limits", () => {
    const refused: [string[], RegExp][] = [
      [["--allow-address", "metadata.internal"], /--allow-address .*expected an IP address, or a range/],
      [["--allow-address", "10.0.0.0/33"], /expected an IP address, or a range/],
      [["--allow-address", "10.0.0.0/8/8"], /expected an IP address, or a range/],
      [["--trusted-node-account", "a/b/c"], /expected <namespace>\/<service account>/],
      [["--trusted-node-account", "istio-system/"], /the service account is not a DNS-1123 subdomain/],
      [["--kubernetes-api", "http://host"], /--kubernetes-api .*expected an https URL/],
      [["--max-request-bytes", "16"], /expected a whole number from 1024 to 4194304/],
      [["--max-in-flight", "0"], /expected a whole number from 1 to 1000000/],
      [["--call-timeout", "0s"], /expected a duration above zero/],
    ];
    for (const [flags, problem] of refused) {
      const found = problems([...required, ...flags]);
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(String(found[0]), problem);
    }
  });

  it("passes every limit to the gRPC server", () => {
    const flags = Object.entries({ "max-streams": 7, "max-request-bytes": 4096, "reset-burst": 9 });
    const limits = limitsOf(
      run([...required, ...flags.flatMap(([name, value]) => [`--${name}`, `${value}`])]),
      { openFiles: 1_024, memoryBytes: 2 ** 33 },
    );
    assert.equal(limits.maxConcurrentStreams, 7);
    assert.equal(limits.maxRequestBytes, 4096);
    assert.equal(limits.resetBurst, 9);
    assert.equal(limits.maxHeaderBytes, 20 * 1024);
    assert.equal(limits.callTimeoutMs, 10_000);
    assert.equal(limits.bodyTimeoutMs, 2_000);
    assert.ok(
      limits.maxConnections + limits.maxWaitingConnections <= 512,
      "half of what the process may open",
    );
  });

  it("describes every flag in its help", () => {
    const outcome = load(["--help"]);
    assert.ok(outcome.kind === "print");
    for (const { name, spec } of Object.values(serverOptions({ isRoot: false, env: {} }))) {
      assert.ok(outcome.text.includes(`--${name}`) && outcome.text.includes(spec.env), name);
    }
  });
});
