import assert from "node:assert/strict";
import { createRegistry } from "@kasbah/runtime";
import { FakeClock, mintSecret } from "@kasbah/testkit";
import { GatewayHealth } from "../../gateway-files/health/gateway-health.ts";
import type { FileNameReport } from "../../gateway-files/health/judge.ts";
import type { RefusedResource } from "../../sds/stream/stream-record.ts";
import { SecretStore } from "../../secret/secret-store.ts";
import { registerExpiryGauges } from "./expiry-gauges.ts";
import { gatewayFacts } from "./name-facts.ts";
import { ServedNames } from "./served-names.ts";

const start = new Date("2030-01-01T00:00:00Z");
const dayMs = 86_400_000;

describe("ServedNames", () => {
  let clock: FakeClock;
  let store: SecretStore;
  let refused: RefusedResource[];
  let reports: FileNameReport[];
  let unserved: string[];
  let health: GatewayHealth | undefined;
  let names: ServedNames;
  let scrape: () => Promise<string>;

  beforeEach(() => {
    clock = new FakeClock(start);
    store = new SecretStore(clock);
    [refused, reports, unserved, health] = [[], [], [], undefined];
    const fileNames = {
      get health() {
        return health;
      },
    };
    names = new ServedNames({
      store,
      streams: { refused: () => refused, unserved: () => unserved },
      fileNames,
    });
    const registry = createRegistry({ name: "test", version: "0" });
    registerExpiryGauges(registry, names, { store, clock });
    scrape = () => registry.metrics();
  });

  const serve = (name: string, days: number, failure?: FileNameReport["failure"]) => {
    health ??= new GatewayHealth({ reports: () => reports, waiting: 0 }, clock);
    const notAfter = new Date(start.getTime() + days * dayMs);
    const notBefore = new Date(notAfter.getTime() - 90 * dayMs);
    reports.push({ name, served: { kind: "pair", certificates: 1, notBefore, notAfter }, failure });
  };
  const publish = async () => store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
  const series = async (metric: string) =>
    (await scrape()).split("\n").filter((line) => line.startsWith(`${metric}{`));

  it("has no series before there is anything to serve", async () => {
    assert.doesNotMatch(await scrape(), /^[^#]+\{resource_name/m);
    assert.deepEqual(names.warnings(), []);
  });

  it("shows the remaining seconds of the certificate and of the last root", async () => {
    await publish();
    clock.jump(70_000);
    const lines = await series("istio_agent_cert_expiry_seconds");
    assert.equal(lines[0], 'istio_agent_cert_expiry_seconds{resource_name="default"} -10');
    assert.match(lines[1] ?? "", /resource_name="ROOTCA"\} \d{9}/);
  });

  it("warns of a rejected workload certificate until the client accepts another", async () => {
    await publish();
    refused = [{ name: "default", complaint: "KEY_VALUES_MISMATCH", at: start }];
    assert.match(
      names.warnings().join(),
      /^certificate-refused: a client rejects default .*KEY_VALUES_MISMATCH$/,
    );
    assert.deepEqual(await series("kasbah_agent_refused_names"), [
      'kasbah_agent_refused_names{resource_name="default"} 1',
    ]);
    refused = [];
    assert.deepEqual(names.warnings(), []);
    assert.deepEqual(await series("kasbah_agent_refused_names"), []);
  });

  it("warns once of names that clients request in vain, and counts each once", async () => {
    unserved = ["file-root:/tmp/ca.crt", "kubernetes://shop", "file-root:/tmp/ca.crt"];
    assert.deepEqual(names.warnings(), [
      "name-unserved: clients request 2 names that the agent does not serve, such as file-root:/tmp/ca.crt",
    ]);
    assert.match(await scrape(), /^kasbah_agent_unserved_names 2$/m);
  });

  it("warns once if a client rejects a gateway certificate", () => {
    serve("file-cert:/a~/b", 60);
    refused = [{ name: "file-cert:/a~/b", complaint: "too small", at: start }];
    assert.equal(names.warnings().length, 1);
  });

  it("warns when the last root of the trust bundle expires within 30 days, and once it has expired", async () => {
    await publish();
    clock.jump(new Date("2044-11-30T00:00:00Z").getTime() - start.getTime());
    assert.deepEqual(names.warnings(), []);
    clock.jump(3 * dayMs);
    assert.match(names.warnings().join(), /^trust-bundle-expiring: the last root of ROOTCA expires in 29 d/);
    clock.jump(30 * dayMs);
    assert.match(names.warnings().join(), /^trust-bundle-expired: the last root of ROOTCA expired 1 d ago/);
  });

  it("gives series to the 100 of 1,500 names that expire first, and counts all by condition", async () => {
    for (let made = 0; made < 1_500; made += 1) serve(`file-cert:/${made}~/k`, 1_500 - made);
    const failure = { code: "FILE_INVALID", message: "no", since: start };
    serve("file-cert:/late~/k", 5_000, failure);
    const lines = await series("istio_agent_cert_expiry_seconds");
    assert.equal(lines.length, 100);
    assert.equal(lines[0], 'istio_agent_cert_expiry_seconds{resource_name="file-cert:/1499~/k"} 86400');
    const text = await scrape();
    assert.match(text, /^kasbah_agent_gateway_first_expiry_seconds\{resource_name=".*1499~\/k"\} 86400$/m);
    assert.match(text, /^kasbah_agent_gateway_series_omitted 1401$/m);
    assert.match(text, /^kasbah_agent_gateway_names\{condition="expiring"\} 18$/m);
    assert.match(text, /^kasbah_agent_gateway_names\{condition="previous"\} 1$/m);
    assert.match(text, /^kasbah_agent_gateway_names\{condition="missing"\} 0$/m);
    // The 1,410 certificates that begin in the future are not fine either.
    assert.match(text, /^kasbah_agent_gateway_names\{condition="not-yet-valid"\} 1411$/m);
    assert.match(text, /^kasbah_agent_gateway_names\{condition="fine"\} 72$/m);
  });

  it("cuts a name that is too long for a label, and keeps it unique", async () => {
    for (const end of ["a", "b"]) serve(`file-cert:/${"x".repeat(4_000)}~/${end}`, 60);
    const lines = await series("istio_agent_cert_expiry_seconds");
    assert.equal(lines.length, 2);
    for (const line of lines) assert.ok(line.length < 400);
  });

  it("describes each state of a gateway name, all 2,000 in less than 8 MiB", () => {
    const failure = { code: "FILE_INVALID", message: '"'.repeat(5_000), since: start };
    serve("file-cert:/previous~/k", 60, failure);
    reports.push({ name: "file-cert:/missing~/k", served: undefined, failure });
    reports.push({ name: "file-cert:/loading~/k", served: undefined, failure: undefined });
    serve("file-cert:/refused~/k", 60);
    refused = [{ name: "file-cert:/refused~/k", complaint: "no", at: start }];
    serve("file-cert:/served~/k", 60);
    const facts = gatewayFacts(names.gateway(names.refusals()), clock.now());
    assert.ok(facts);
    for (const { name, state } of facts.certificates)
      assert.ok(name.includes(`/${state}~`), `${name} ${state}`);
    assert.deepEqual([facts.names, facts.fine, facts.conditions["missing"]], [5, 2, 1]);
    for (let made = 5; made < 2_000; made += 1) {
      serve(`file-cert:/${made}${'"'.repeat(4_000)}~/k`, -1, failure);
    }
    const all = gatewayFacts(names.gateway(names.refusals()), clock.now());
    assert.ok(JSON.stringify(all).length < 8 * 1024 * 1024);
  });
});
