import assert from "node:assert/strict";
import { parseOtlpEndpoint } from "./options.ts";

describe("--otlp-endpoint", () => {
  it("is a base URL to which the path of traces is appended once", () => {
    for (const [given, url] of [
      ["http://collector:4318", "http://collector:4318/v1/traces"],
      ["http://collector:4318/", "http://collector:4318/v1/traces"],
      ["https://otlp.example.org/team/", "https://otlp.example.org/team/v1/traces"],
      ["http://[::1]:4318/v1/traces", "http://[::1]:4318/v1/traces"],
    ] as const)
      assert.equal(parseOtlpEndpoint(given), url);
  });

  it("is refused if it is no URL of HTTP, or contains what would be in log lines", () => {
    for (const given of ["", "collector:4318", "grpc://collector:4317", "http://", "file:///tmp/x"])
      assert.throws(() => parseOtlpEndpoint(given), /an http or https URL/, given);
    for (const given of ["http://user:secret@collector", "http://collector?key=secret", "http://collector#x"])
      assert.throws(() => parseOtlpEndpoint(given), /OTEL_EXPORTER_OTLP_HEADERS/, given);
  });
});
