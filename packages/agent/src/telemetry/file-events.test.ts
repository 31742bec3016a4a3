import assert from "node:assert/strict";
import { createRegistry, type Registry } from "@kasbah/runtime";
import { FakeClock, recordingLogger } from "@kasbah/testkit";
import { AgentError } from "../errors.ts";
import { SecretStore } from "../secret/secret-store.ts";
import { SkippedRoots } from "../secret/skipped-roots.ts";
import { countWatchFailures, observeFiles } from "./file-events.ts";
import { createAgentMetrics } from "./metrics.ts";

const name = "file-cert:/a~/b";

function world() {
  const clock = new FakeClock("2030-01-01T00:00:00Z");
  const registry = createRegistry({ name: "test", version: "1" });
  const metrics = createAgentMetrics(registry, new SecretStore(clock), clock);
  return { registry, metrics, logger: recordingLogger() };
}

async function counted(registry: Registry, metric: string): Promise<number> {
  const line = (await registry.metrics()).split("\n").find((each) => each.startsWith(`${metric} `));
  return Number(line?.split(" ")[1]);
}

describe("observeFiles", () => {
  it("counts and logs a failure with its reason", async () => {
    const { registry, metrics, logger } = world();
    const error = new AgentError("FILE_INVALID", "the key is not that of the first certificate");
    observeFiles(metrics, new SkippedRoots(logger), logger).onFailure(name, error);
    assert.equal(await counted(registry, "istio_agent_num_file_secret_failures_total"), 1);
    assert.deepEqual(logger.events[0]?.facts, { resource: name, error });
  });

  it("logs what it serves, and a warning for each skipped block", () => {
    const { metrics, logger } = world();
    const observer = observeFiles(metrics, new SkippedRoots(logger), logger);
    const validity = { notBefore: new Date("2029-01-01"), notAfter: new Date("2031-01-01") };
    observer.onServed(name, { kind: "pair", serial: "7f", certificates: 1, ...validity });
    observer.onSkippedRoots?.(name, []);
    assert.deepEqual(logger.events[0]?.facts, { resource: name, serial: "7f", ...validity });
    observer.onSkippedRoots?.(name, [
      { position: 1, line: 1, fingerprint: "ab", reason: "it is not a certificate" },
    ]);
    assert.deepEqual(
      logger.events.map(({ level }) => level),
      ["info", "warn"],
    );
  });

  it("counts each directory that cannot be watched, and logs it once until it can be (row 32)", async () => {
    const { registry, metrics, logger } = world();
    let isOut = true;
    const watch = countWatchFailures(
      () => {
        if (isOut) throw Object.assign(new Error("out of watches"), { code: "ENOSPC" });
        return { close: () => {} };
      },
      metrics,
      logger,
    );
    const attempt = () => watch("/etc/istio", () => {});
    assert.throws(attempt);
    assert.throws(attempt);
    isOut = false;
    attempt();
    isOut = true;
    assert.throws(attempt);
    assert.equal(await counted(registry, "istio_agent_num_file_watcher_failures_total"), 3);
    assert.deepEqual(
      logger.events.map(({ facts }) => facts),
      [
        { directory: "/etc/istio", reason: "ENOSPC" },
        { directory: "/etc/istio", reason: "ENOSPC" },
      ],
    );
  });
});
