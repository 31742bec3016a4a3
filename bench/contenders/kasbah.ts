import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "@kasbah/testkit";
import { DaemonProcess } from "../../test/harness/daemon-process.ts";
import { tokenIssuer } from "../materials/issuer.ts";
import type { Materials } from "../materials/materials.ts";
import type { Contender, Launch, RunningContender } from "./contender.ts";
import { startReviewer } from "./reviewer.ts";

/** `--root-key` of kasbah-server. */
const rootKeys = ["P-256", "P-384", "RSA-3072", "RSA-4096"];

/** V8 takes the flag before the server runs; the programs in bin/ pass none on. */
const traceGc = `data:text/javascript,${encodeURIComponent('import v8 from "node:v8"; v8.setFlagsFromString("--trace-gc");')}`;

/** kasbah-server of a checkout that has been built. */
export function kasbahIn(checkout: string, name = "kasbah"): Contender {
  const program = join(checkout, "packages/ca-server/bin/kasbah-server.js");
  if (!existsSync(program)) throw new Error(`no kasbah-server in ${checkout}`);
  return {
    name,
    dialect: "istio",
    isPeer: false,
    whyNot: ({ rootKey, workers }) => {
      if (!rootKeys.includes(rootKey)) return `${name} creates no ${rootKey} roots`;
      return workers > 1 && !knowsWorkers(program) ? `${name} has no --workers` : undefined;
    },
    start: (launch, folder, materials) => start(program, launch, folder, materials),
  };
}

function knowsWorkers(program: string): boolean {
  return spawnSync(process.execPath, [program, "--help"], { encoding: "utf8" }).stdout.includes("--workers");
}

async function start(
  program: string,
  { rootKey, workers, tokens, gcLog }: Launch,
  folder: string,
  { issuer }: Materials,
): Promise<RunningContender> {
  const [port, quietPort] = [await freePort(), await freePort()];
  const [stateDir, quietAt] = [join(folder, "state"), `127.0.0.1:${quietPort}`];
  mkdirSync(folder, { recursive: true });
  const reviewer = tokens === "token-review" ? await startReviewer(folder, issuer.jwksPath) : undefined;
  const callers = reviewer?.flags ?? ["--jwks", issuer.jwksPath, "--token-issuer", tokenIssuer];
  const flags = [
    ...["--state-dir", stateDir, "--log-format", "json", "--root-key", rootKey],
    ...["--grpc-address", `127.0.0.1:${port}`, "--http-address", quietAt],
    ...(workers > 1 ? ["--workers", String(workers)] : []),
    ...callers,
  ];
  const traced =
    gcLog === undefined ? {} : { failpoint: traceGc, within: ["sh", "-c", `exec "$@" >${gcLog}`, "sh"] };
  const ca = new DaemonProcess("kasbah-server", [program, ...flags], { quietAt, ...traced });
  const stop = async () => {
    await ca.stop();
    await reviewer?.stop();
  };
  try {
    await ca.untilReady();
  } catch (error) {
    await stop();
    throw error;
  }
  const rootsPem = readFileSync(join(stateDir, "public/root-cert.pem"), "utf8");
  return { pid: ca.pid, target: { dialect: "istio", host: "127.0.0.1", port, rootsPem }, stop };
}
