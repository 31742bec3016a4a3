import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { measureAdmission } from "./admission.ts";
import { measureAgentFootprint } from "./agent-footprint/agent-footprint.ts";
import { measurePush } from "./agent-push.ts";
import { measureIssuance } from "./issuance.ts";
import { measureLedger } from "./ledger/ledger.ts";
import { measureLedgerCost } from "./ledger-cost.ts";
import { measureLedgerTree } from "./ledger-tree.ts";
import { measurePhysicalLimit, type PhysicalLimit, timesOpenssl } from "./openssl-speed.ts";
import { type Figure, renderFigures } from "./report.ts";
import { measureSteps } from "./steps.ts";

/** The benchmarks that can run alone, in the order of a full run. */
const benches: readonly Bench[] = [
  { name: "steps", takes: "10 s", measure: (folder, limit) => measureSteps(folder, limit) },
  { name: "admission", takes: "5 s", measure: (_, limit) => measureAdmission(limit) },
  { name: "ledger-tree", takes: "3 s", measure: async () => measureLedgerTree() },
  { name: "ledger-cost", takes: "1 min", measure: (folder) => measureLedgerCost(folder) },
  { name: "issuance", takes: "1 min", measure: (folder, limit) => measureIssuance(folder, limit) },
  { name: "agent-footprint", takes: "8 min", measure: (folder) => measureAgentFootprint(folder) },
  { name: "agent-push", takes: "10 s", measure: (folder) => measurePush(folder) },
  { name: "ledger", takes: "2 min", measure: (folder) => measureLedger(folder) },
];

interface Bench {
  readonly name: string;
  readonly takes: string;
  measure(folder: string, limit: PhysicalLimit): Promise<readonly Figure[]>;
}

const usage = `Usage: npm run bench -- [--json] [name ...]

Runs the named benchmarks, or all of them:
${benches.map(({ name, takes }) => `  ${name.padEnd(16)}  ${takes}`).join("\n")}
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean" }, help: { type: "boolean", short: "h" } },
});
const unknown = positionals.filter((name) => !benches.some((bench) => bench.name === name));
if (values.help || unknown.length > 0) {
  const problems = unknown.map((name) => `bench: unknown benchmark ${name}\n`).join("");
  process.stderr.write(`${problems}${usage}`);
  process.exit(values.help ? 0 : 2);
}

const progress = (text: string) => process.stderr.write(`bench: ${text}\n`);
const folder = mkdtempSync(join(tmpdir(), "kasbah-bench-"));

try {
  progress("openssl speed (2 s)");
  const limit = measurePhysicalLimit();
  const figures = [...limitFigures(limit)];
  for (const { name, takes, measure } of benches) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    progress(`${name} (${takes})`);
    figures.push(...(await measure(mkdtempSync(join(folder, `${name}-`)), limit)));
  }
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? "?"}, Node ${process.versions.node}, OpenSSL ${process.versions.openssl} built in, ${limit.version} for the limit`;
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ machine, figures }, null, 2)}\n`
      : `${machine}\n\n${renderFigures(figures)}`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function limitFigures(limit: PhysicalLimit): readonly Figure[] {
  const topic = "The physical limit: openssl on one core, ECDSA P-256";
  const { signsPerSecond, verifiesPerSecond, signAndVerifyUs } = limit;
  return [
    { topic, name: "signatures", value: signsPerSecond, unit: "/s" },
    { topic, name: "verifications", value: verifiesPerSecond, unit: "/s" },
    {
      topic,
      name: "one of each",
      value: signAndVerifyUs,
      unit: "µs",
      against: timesOpenssl(signAndVerifyUs, limit),
    },
  ];
}
