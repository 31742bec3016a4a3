import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startControlPlane } from "../../test/kubernetes/control-plane.ts";
import { startClusterScene } from "./cluster-scene.ts";
import { renderStorm, stormFigures } from "./figures.ts";
import { startJwksScene } from "./jwks-scene.ts";
import { runStorm } from "./run-storm.ts";

const usage = `Usage: npm run bench:storm -- [--pods N] [--agents stock|kasbah] [--over SECONDS] [--kubernetes]
                                [--ca-flag FLAG ...] [--json]

Restarts N pods (10000) at once, or over some seconds, against a CA on this machine: each with its own key, token,
address and connection. With --kubernetes, a real API server reviews their tokens; it is built first if it is
missing, and needs Go. --ca-flag passes a flag to the CA, such as --ca-flag=--workers=2.
`;

const patienceMs = 600_000;

const { values } = parseArgs({
  options: {
    pods: { type: "string", default: "10000" },
    agents: { type: "string", default: "stock" },
    over: { type: "string", default: "0" },
    kubernetes: { type: "boolean", default: false },
    "ca-flag": { type: "string", multiple: true, default: [] },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h" },
  },
});
const [pods, overMs] = [Number(values.pods), Number(values.over) * 1_000];
const { agents, kubernetes } = values;
if (values.help || !(pods >= 1 && overMs >= 0) || (agents !== "stock" && agents !== "kasbah")) {
  process.stderr.write(usage);
  process.exit(values.help ? 0 : 2);
}

const folder = mkdtempSync(join(tmpdir(), "kasbah-storm-"));
const controlPlane = kubernetes ? await startControlPlane() : undefined;
try {
  const flags = values["ca-flag"].flatMap((flag) => flag.split("="));
  const scene = await (controlPlane === undefined
    ? startJwksScene(folder, pods, flags)
    : startClusterScene(controlPlane, pods, flags));
  const result = await runStorm(folder, scene, { agents, overMs, patienceMs }).finally(() => scene.stop());
  const figures = stormFigures(result);
  const way = kubernetes ? "TokenReview on a real API server" : "a key set";
  process.stdout.write(
    values.json
      ? `${JSON.stringify(figures, null, 2)}\n`
      : renderStorm(`A storm of restarts: ${way}, ${agents} agents`, figures),
  );
} finally {
  await controlPlane?.stop();
  rmSync(folder, { recursive: true, force: true });
}
