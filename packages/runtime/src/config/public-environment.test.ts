import assert from "node:assert/strict";
import { option, publicEnvironment, schema } from "./index.ts";

const shared = { help: "", schema: schema.text, optional: true } as const;
const options = {
  open: option({ flag: "--open <text>", env: "KASBAH_OPEN", ...shared }),
  secret: option({ flag: "--secret <text>", env: "KASBAH_SECRET", isSensitive: true, ...shared }),
  headers: option({
    flag: "--header <text>",
    env: "KASBAH_HEADERS",
    envPrefix: "HEADER_",
    isSensitive: true,
    help: "",
    schema: schema.text,
    repeatable: true,
  }),
};

describe("publicEnvironment", () => {
  it("omits the variables of every sensitive option, including those with its prefix", () => {
    const secrets = { KASBAH_SECRET: "a", KASBAH_HEADERS: "b", HEADER_X: "c", HEADER_: "d" };
    assert.deepEqual(publicEnvironment(options, secrets), {});
  });

  it("keeps other variables, because the child may need them", () => {
    const kept = {
      KASBAH_OPEN: "a",
      PGDATA: "/data",
      PGPASSWORD: "set by the operator",
      HEADER: "e",
      EMPTY: "",
    };
    assert.deepEqual(publicEnvironment(options, kept), kept);
  });

  it("omits headers for collectors, which contain keys, and keeps the other variables of OpenTelemetry", () => {
    const headers = { OTEL_EXPORTER_OTLP_HEADERS: "key=a", OTEL_EXPORTER_OTLP_TRACES_HEADERS: "key=b" };
    const kept = { OTEL_SERVICE_NAME: "child" };
    assert.deepEqual(publicEnvironment(options, { ...headers, ...kept }), kept);
  });

  it("omits systemd's socket, so that a child cannot report that the daemon has started", () => {
    assert.deepEqual(publicEnvironment(options, { NOTIFY_SOCKET: "/run/systemd/notify" }), {});
  });

  it("omits proxies with a password, in every spelling, and keeps the others", () => {
    const hidden = {
      HTTPS_PROXY: "http://user:pass@proxy:3128",
      https_proxy: "user:pass@proxy:3128",
      ALL_PROXY: "socks5://token@proxy",
    };
    const shown = { HTTP_PROXY: "http://proxy:3128", NO_PROXY: "a@b,.svc", no_proxy: "a@b" };
    assert.deepEqual(publicEnvironment(options, { ...hidden, ...shown }), shown);
  });
});
