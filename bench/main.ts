import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { measureAdmission } from "./admission.ts";
import { measureAgentFootprint } from "./agent-footprint/agent-footprint.ts";
import { measurePush } from "./agent-push.ts";
import { measureIssuance } from "./issuance.ts";
import { measureLedger } from "./ledger/ledger.ts";
import { measureLedgerCost } from "./ledger-cost.ts";
import { measureLedgerTree } from "./ledger-tree.ts";
import { measurePhysicalLimit, timesOpenssl } from "./openssl-speed.ts";
import { type Figure, renderFigures } from "./report.ts";
import { measureSteps } from "./steps.ts";

const asJson = process.argv.includes("--json");
const progress = (text: string) => process.stderr.write(`bench: ${text}\n`);
const folder = mkdtempSync(join(tmpdir(), "kasbah-bench-"));

try {
  progress("openssl speed (2 s)");
  const limit = measurePhysicalLimit();
  const topic = "The physical limit: openssl on one core, ECDSA P-256";
  const figures: Figure[] = [
    { topic, name: "signatures", value: limit.signsPerSecond, unit: "/s" },
    { topic, name: "verifications", value: limit.verifiesPerSecond, unit: "/s" },
    {
      topic,
      name: "one of each",
      value: limit.signAndVerifyUs,
      unit: "µs",
      against: timesOpenssl(limit.signAndVerifyUs, limit),
    },
  ];
  progress("steps (10 s)");
  figures.push(...(await measureSteps(mkdtempSync(join(folder, "steps-")), limit)));
  progress("admission (5 s)");
  figures.push(...(await measureAdmission(limit)));
  progress("the ledger's tree (3 s)");
  figures.push(...measureLedgerTree());
  progress("the ledger's cost (1 min)");
  figures.push(...(await measureLedgerCost(mkdtempSync(join(folder, "ledger-")))));
  progress("whole calls (1 min)");
  figures.push(...(await measureIssuance(mkdtempSync(join(folder, "ca-")), limit)));
  progress("an agent's footprint (8 min)");
  figures.push(...(await measureAgentFootprint(mkdtempSync(join(folder, "agent-")))));
  progress("rotation on 200 streams (10 s)");
  figures.push(...(await measurePush(mkdtempSync(join(folder, "push-")))));
  progress("a ledger of a million entries (2 min)");
  figures.push(...(await measureLedger(mkdtempSync(join(folder, "ledger-")))));
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? "?"}, Node ${process.versions.node}, OpenSSL ${process.versions.openssl} within, ${limit.version} for the limit`;
  process.stdout.write(
    asJson ? `${JSON.stringify({ machine, figures }, null, 2)}\n` : `${machine}\n\n${renderFigures(figures)}`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
