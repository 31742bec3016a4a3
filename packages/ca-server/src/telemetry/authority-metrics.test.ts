import assert from "node:assert/strict";
import { Registry } from "@kasbah/runtime";
import { FakeClock, temporaryDirectory } from "@kasbah/testkit";
import { dayMs, openOnDisk } from "../authorities/authorities-on-disk.fixture.ts";
import { registerAuthorityMetrics } from "./authority-metrics.ts";

describe("Gauges of the authorities", () => {
  it("exports each expiry under Istio's names and the CA's, negative afterwards, and each stage", async () => {
    await using directory = await temporaryDirectory();
    const clock = new FakeClock("2030-01-01T00:00:00Z");
    const { keeper, driver } = await openOnDisk({ path: directory.path, clock });
    const registry = new Registry();
    registerAuthorityMetrics(
      registry,
      keeper,
      () => ["look here"],
      () => clock.now(),
    );
    const value = async (series: string) => {
      const lines = (await registry.metrics()).split("\n");
      const line = lines.find((each) => each.startsWith(`${series} `));
      return line === undefined ? undefined : Number(line.slice(series.length + 1));
    };
    const [root, intermediate] = keeper.state.authorities.map(
      ({ certificate }) => certificate.notAfter.getTime() / 1000,
    );
    assert.ok(root && intermediate);
    const now = () => clock.now().getTime() / 1000;
    assert.equal(await value("citadel_server_root_cert_expiry_timestamp"), root);
    assert.equal(await value("citadel_server_root_cert_expiry_seconds"), root - now());
    assert.equal(await value("citadel_server_cert_chain_expiry_timestamp"), intermediate);
    assert.equal(await value("citadel_server_cert_chain_expiry_seconds"), intermediate - now());
    assert.equal(await value("kasbah_warnings"), 1);

    await keeper.coverLeaf(keeper.activeIssuer(clock.now()), new Date(clock.now().getTime() + dayMs));
    await driver.rotate("root");
    assert.equal(await value("kasbah_authority_epoch"), keeper.state.epoch);
    assert.equal(await value('kasbah_authority_stage{authority="root-1",kind="root"}'), 2);
    assert.equal(await value('kasbah_authority_stage{authority="root-2",kind="root"}'), 1);
    for (let turn = 0; turn < 4; turn++) {
      clock.jump(2 * dayMs);
      await driver.look(false);
    }
    assert.equal(
      await value('kasbah_authority_stage{authority="root-1",kind="root"}'),
      undefined,
      "the authority has retired",
    );
    const end = await value('kasbah_authority_expiry_timestamp{authority="root-2",kind="root"}');
    assert.ok(end !== undefined && end > now());
    clock.jump(4000 * dayMs);
    assert.ok(((await value("citadel_server_root_cert_expiry_seconds")) ?? 0) < 0);
  });
});
