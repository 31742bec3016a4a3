import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@kasbah/runtime";
import { whyNoDebian } from "../../deploy/image/debian-packages.ts";
import { dashboardPanels, filled } from "../harness/monitoring/dashboard.ts";
import { caNamespace, ObservedMesh } from "../harness/monitoring/observed-mesh.ts";
import { repositoryRoot } from "../harness/repository.ts";

/** Metrics without a series until something happens that does not happen in this mesh. */
const onlyAfter: ReadonlyMap<string, string> = new Map([
  ["kasbah_token_reviews", "the CA asks a Kubernetes API server"],
  ["kasbah_root_publisher_conflicts", "the CA publishes its root in Kubernetes"],
  ["kasbah_alarms", "a certificate is unusual"],
  ["kasbah_csr_ignored", "a CSR requests more than the CA grants"],
  ["kasbah_evictions", "the CA is full"],
  ["kasbah_ledger_dropped", "an address exceeds its share"],
  ["citadel_server_csr_sign_err_count", "a request of an authenticated caller fails"],
  ["kasbah_agent_rotation_failures", "a renewal fails"],
  ["kasbah_trace_spans", "an OTLP endpoint is configured"],
  ["kasbah_agent_trace_spans", "an OTLP endpoint is configured"],
  ["kasbah_agent_refused_names", "Envoy rejects a secret"],
]);

const say = (line: string) => process.stdout.write(`      ${line}\n`);

describe("Grafana dashboard on a real Prometheus", function () {
  this.timeout(120_000);

  before(function () {
    const missing = whyNoDebian();
    if (missing === undefined) return;
    say(`skipped: ${missing}`);
    this.skip();
  });

  it("gets an answer to every query from a CA and its agents, unless nothing of its kind has happened", async () => {
    await using mesh = await ObservedMesh.start(say);
    const queries = dashboardPanels().flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => ({ title, expr: filled(expr, caNamespace, "10s") })),
    );
    assert.ok(queries.length > 40);
    const isExpected = (expr: string) => ![...onlyAfter.keys()].some((metric) => expr.includes(metric));
    let empty: readonly string[] = ["nothing was asked"];
    // A rate needs two scrapes with traffic between them.
    for (let tries = 0; tries < 60 && empty.length > 0; tries++) {
      await mesh.call("frontend");
      await mesh.call("frontend", "vault");
      await mesh.distrust();
      await systemClock.sleep(500);
      const answers = await Promise.all(queries.map(({ expr }) => mesh.prometheus.query(expr)));
      empty = queries
        .filter(
          ({ expr }, at) => isExpected(expr) && answers[at]?.every(({ points }) => points.every(isNaNPoint)),
        )
        .map(({ title, expr }) => `${title}: ${expr}`);
    }
    assert.deepEqual(empty, []);
  });

  it("links to runbooks that exist", () => {
    const pages = readdirSync(join(repositoryRoot, "docs/runbooks"));
    const links = dashboardPanels().flatMap(({ links: own = [] }) => own.map(({ url }) => url));
    assert.ok(links.length > 20);
    assert.deepEqual(
      links.filter((url) => !pages.includes(url.split("/").at(-1) ?? "")),
      [],
    );
  });
});

function isNaNPoint([, value]: readonly [number, number]): boolean {
  return Number.isNaN(value);
}
