import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FakeClock, temporaryDirectory } from "@kasbah/testkit";
import { stringify } from "yaml";
import { readYaml, root } from "../harness/chart/yaml.ts";
import { openSimulatedCa, type SimulatedCa } from "../harness/ordinary-day/simulated-ca.ts";
import { SimulatedMesh } from "../harness/ordinary-day/simulated-mesh.ts";
import { providePromtool, whyNoPromtool } from "../harness/promtool.ts";
import { suiteTimeoutMs } from "../harness/until.ts";

/** `npm run test:soak` simulates 5,000 pods. */
const pods = Number(process.env["KASBAH_PODS"] ?? 200);
const minuteMs = 60_000;
const stepMinutes = 2;
const hourMs = 60 * minuteMs;
const hours = 24;
/** A small mesh for a small day. */
const restartsPerHour = Math.ceil(pods / 500);

/** What was seen in one day. */
interface Day {
  readonly issued: number;
  readonly refused: number;
  readonly conditions: readonly string[];
  /** The exposition of the metrics after each step. */
  readonly samples: readonly string[];
}

describe(`24 hours of a mesh of ${pods} pods`, function () {
  this.timeout(suiteTimeoutMs * Math.ceil(pods / 500));

  it("raise no alarm, no warning and no alert, and log first certificates of names as a summary on the first day", async () => {
    await using directory = await temporaryDirectory();
    const clock = new FakeClock("2030-01-01T00:00:00Z");
    const ca = await openSimulatedCa(directory.join("state"), clock);
    const day = await simulate(ca, clock).finally(() => ca.stop());
    const { events } = ca.logger;
    const loud = [...events, ...ca.authorities.logger.events].filter(
      ({ level }) => level === "warn" || level === "error",
    );
    assert.deepEqual(loud, []);
    assert.deepEqual(day.conditions, []);
    const last = valuesOf(day.samples.at(-1) ?? "");
    const alarms = [...last].filter(([series]) =>
      /^kasbah_(alarms|duplicate|ledger_dropped|unlogged)/.test(series),
    );
    assert.deepEqual(
      alarms.filter(([, value]) => value > 0),
      [],
    );
    assert.ok(day.issued > pods * 2, `${day.issued} certificates`);
    assert.equal(last.get("citadel_server_success_cert_issuance_count"), day.issued);
    assert.equal(last.get('kasbah_refusals{code="TOKEN_EXPIRED"}') ?? 0, day.refused);
    const names = last.get("kasbah_new_names_total") ?? 0;
    const summaries = ca.logger.named("more first certificates of names than are logged one by one");
    const lines = ca.logger.named("first certificate of a name");
    const summarized = summaries.reduce((sum, { facts }) => sum + Number(facts["count"]), 0);
    assert.equal(lines.length + summarized, names);
    // The service that was new on the quiet evening has its own line.
    assert.ok(lines.at(-1)?.facts["spiffeId"], "no line for the last new service");
    assert.ok(summaries.length === 1 || summaries.length === 2, `${summaries.length} summaries`);
    process.stdout.write(
      `      ${day.issued} certificates, ${names} new names: ${lines.length} lines and ${summaries.length} summaries about them\n`,
    );
    await assertNoAlert(day, directory.join("alerts.test.yaml"));
  });
});

async function simulate(ca: SimulatedCa, clock: FakeClock): Promise<Day> {
  const mesh = new SimulatedMesh();
  mesh.fill(pods, clock.now().getTime(), hourMs);
  let [issued, refused] = [0, 0];
  const conditions = new Set<string>();
  const samples: string[] = [];
  for (let minute = 0; minute < hours * 60; minute += stepMinutes) {
    const nowMs = clock.now().getTime();
    if (minute % 60 === 0) await beginHour(minute / 60, nowMs, { ca, mesh });
    for (const outcome of await Promise.allSettled((await mesh.due(nowMs)).map((call) => ca.call(call)))) {
      if (outcome.status === "fulfilled") issued += 1;
      else refused += 1;
    }
    // The TCP health check of a load balancer.
    for (let check = 0; check < 6 * stepMinutes; check += 1)
      ca.unauthenticated.handshakes.failed("reset", "10.255.0.1");
    ca.minute(minute);
    for (const condition of ca.conditions()) conditions.add(condition);
    samples.push(await ca.metrics());
    await clock.advance(stepMinutes * minuteMs);
    await ca.authorities.driver.look(false);
  }
  return { issued, refused, conditions: [...conditions], samples };
}

interface Simulated {
  readonly ca: SimulatedCa;
  readonly mesh: SimulatedMesh;
}

async function beginHour(hour: number, nowMs: number, { ca, mesh }: Simulated): Promise<void> {
  await ca.hour();
  if (hour < 2) return;
  mesh.restart(restartsPerHour, nowMs);
  if (hour === 6) await ca.authorities.driver.rotate("intermediate");
  if (hour === 8) mesh.scaleUp(Math.ceil(pods / 25), nowMs);
  if (hour === 9 || hour === 14 || hour === 20) mesh.addService(3, nowMs, minuteMs);
}

/** The value of each series of an exposition. */
function valuesOf(exposition: string): ReadonlyMap<string, number> {
  const lines = exposition.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
  );
}

/** Evaluates the Prometheus rules over the metrics of the day. */
async function assertNoAlert({ samples }: Day, path: string): Promise<void> {
  if (whyNoPromtool() !== undefined) return;
  const promtool = await providePromtool(() => undefined);
  const steps = samples.map(valuesOf);
  const wanted = [...(steps.at(-1)?.keys() ?? [])].filter(
    (series) => /^(kasbah|citadel)_/.test(series) && !/_bucket/.test(series),
  );
  const input = wanted.map((series) => ({
    series: series.includes("{") ? series.replace("{", '{pod="kasbah-0", ') : `${series}{pod="kasbah-0"}`,
    values: steps.map((values) => values.get(series) ?? "_").join(" "),
  }));
  // The CA reports its epoch, without which it counts as down.
  input.push({ series: 'kasbah_authority_epoch{pod="kasbah-0"}', values: `1x${samples.length}` });
  const { groups } = readYaml("deploy/prometheus/alerts.yaml") as {
    groups: { rules: { alert: string }[] }[];
  };
  const names = new Set(groups.flatMap(({ rules }) => rules.map(({ alert }) => alert)));
  const tests = [...names].flatMap((alertname) =>
    Array.from({ length: hours }, (_, hour) => ({
      eval_time: `${hour * 60 + 59}m`,
      alertname,
      exp_alerts: [],
    })),
  );
  const suite = {
    rule_files: [join(root, "deploy/prometheus/alerts.yaml")],
    evaluation_interval: "1m",
    tests: [{ interval: `${stepMinutes}m`, input_series: input, alert_rule_test: tests }],
  };
  await writeFile(path, stringify(suite));
  execFileSync(promtool, ["test", "rules", path], { encoding: "utf8" });
}
