import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { renderFigures } from "../report.ts";
import { measureStorm } from "./storm.ts";

const usage = `Usage: npm run bench:storm -- [--pods N] [--agents stock|kasbah] [--kubernetes] [--json]

Restarts N pods (10,000) at once against a CA on this machine. With --kubernetes, a real API server reviews their
tokens; it is built first if it is missing, and needs Go.
`;

const { values } = parseArgs({
  options: {
    pods: { type: "string", default: "10000" },
    agents: { type: "string", default: "stock" },
    kubernetes: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h" },
  },
});
const pods = Number(values.pods);
const { agents, kubernetes } = values;
if (values.help || !(pods >= 1) || (agents !== "stock" && agents !== "kasbah")) {
  process.stderr.write(usage);
  process.exit(values.help ? 0 : 2);
}
const folder = mkdtempSync(join(tmpdir(), "kasbah-storm-"));
try {
  const figures = await measureStorm(folder, { pods, agents, kubernetes });
  process.stdout.write(values.json ? `${JSON.stringify(figures, null, 2)}\n` : renderFigures(figures));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
