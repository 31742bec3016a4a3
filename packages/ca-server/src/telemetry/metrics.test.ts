import assert from "node:assert/strict";
import { Registry } from "@kasbah/runtime";
import { type CaMetrics, createCaMetrics, registerServerGauges } from "./metrics.ts";

describe("Counters of the CA", () => {
  let registry: Registry;
  let metrics: CaMetrics;

  beforeEach(() => {
    registry = new Registry();
    metrics = createCaMetrics(registry);
  });

  /** The values of all series whose names begin with this prefix. */
  async function valuesOf(prefix: string): Promise<Record<string, number>> {
    const lines = (await registry.metrics()).split("\n").filter((line) => line.startsWith(prefix));
    return Object.fromEntries(
      lines.map((line) => {
        const at = line.lastIndexOf(" ");
        return [line.slice(0, at), Number(line.slice(at + 1))];
      }),
    );
  }

  it("counts refusals by code and by Istio's class: failed authentications apart from failed requests", async () => {
    metrics.callRefused("TOKEN_EXPIRED", "authentication");
    metrics.callRefused("TTL_TOO_LONG", "TTL_ERROR");
    metrics.callRefused("TTL_TOO_LONG", "TTL_ERROR");
    assert.deepEqual(await valuesOf("kasbah_refusals"), {
      'kasbah_refusals{code="TOKEN_EXPIRED"}': 1,
      'kasbah_refusals{code="TTL_TOO_LONG"}': 2,
    });
    assert.deepEqual(await valuesOf("citadel_server_authentication_failure_count"), {
      citadel_server_authentication_failure_count: 1,
    });
    assert.deepEqual(await valuesOf("citadel_server_csr_sign_err_count"), {
      'citadel_server_csr_sign_err_count{error="TTL_ERROR"}': 2,
    });
  });

  it("counts calls that were rejected under load as refusals, but in none of Istio's counters", async () => {
    metrics.overloaded();
    assert.deepEqual(await valuesOf("kasbah_refusals"), { 'kasbah_refusals{code="OVERLOADED"}': 1 });
    for (const value of Object.values(await valuesOf("citadel_"))) assert.equal(value, 0);
  });

  it("counts credentials by kind and verdict, and TokenReview results by source", async () => {
    metrics.credentialChecked("client-certificate", "accepted");
    metrics.credentialChecked("jwks-token", "TOKEN_EXPIRED");
    metrics.tokenReviewed("cache");
    assert.deepEqual(await valuesOf("kasbah_credentials"), {
      'kasbah_credentials{credential="client-certificate",verdict="accepted"}': 1,
      'kasbah_credentials{credential="jwks-token",verdict="TOKEN_EXPIRED"}': 1,
    });
    assert.deepEqual(await valuesOf("kasbah_token_reviews"), { 'kasbah_token_reviews{from="cache"}': 1 });
  });

  it("counts unsupported requests by kind, without a series for each name that a caller invents", async () => {
    metrics.requestIgnored(["basicConstraints", "dNSName"]);
    metrics.requestIgnored(["dNSName"]);
    metrics.requestIgnored(Array.from({ length: 500 }, (_, arc) => `1.2.3.${arc}`));
    metrics.requestIgnored(['"} evil 1\n', ""]);
    assert.deepEqual(await valuesOf("kasbah_csr_ignored"), {
      'kasbah_csr_ignored{kind="basicConstraints"}': 1,
      'kasbah_csr_ignored{kind="dNSName"}': 2,
      'kasbah_csr_ignored{kind="other"}': 502,
    });
  });

  it("counts shared keys", async () => {
    metrics.keyShared();
    assert.deepEqual(await valuesOf("kasbah_duplicate_key_total"), { kasbah_duplicate_key_total: 1 });
  });

  it("measures the duration of calls in seconds, those with a certificate apart from those without", async () => {
    metrics.certificateIssued(15);
    metrics.callEnded(3);
    metrics.callEnded(2_000);
    metrics.authenticated(40);
    const sums = { issuance: [1, 0.015], refusal: [2, 2.003], authentication: [1, 0.04] };
    for (const [name, [count, sum]] of Object.entries(sums)) {
      const series = `kasbah_${name}_duration_seconds`;
      const values = await valuesOf(series);
      assert.equal(values[`${series}_count`], count, name);
      assert.equal(values[`${series}_sum`], sum, name);
      assert.equal(values[`${series}_bucket{le="5"}`], count, name);
    }
    assert.equal((await valuesOf("citadel_server_success"))["citadel_server_success_cert_issuance_count"], 1);
  });

  it("exports every counter from the start, so that an alert on a rate has a first value", async () => {
    const text = await registry.metrics();
    for (const name of [
      "citadel_server_csr_count",
      "citadel_server_success_cert_issuance_count",
      "citadel_server_authentication_failure_count",
      "kasbah_duplicate_key_total",
    ]) {
      assert.ok(text.includes(`\n${name} 0`), name);
    }
  });
});

describe("Gauges of the gRPC server", () => {
  it("reads the gauges at each scrape", async () => {
    const registry = new Registry();
    const server = { inFlight: 0, waiting: 0, watches: 0, connections: 0, maxConnections: 9, processes: 2 };
    registerServerGauges(registry, server);
    assert.match(await registry.metrics(), /^kasbah_calls_in_flight 0$/m);
    Object.assign(server, { inFlight: 3, connections: 7 });
    assert.match(await registry.metrics(), /^kasbah_calls_in_flight 3$/m);
    assert.match(await registry.metrics(), /^kasbah_connections 7$/m);
    assert.match(await registry.metrics(), /^kasbah_max_connections 9$/m);
    assert.match(await registry.metrics(), /^kasbah_workers 2$/m);
  });
});
