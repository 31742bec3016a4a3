import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repositoryRoot } from "../../../test/harness/repository.ts";
import { ours } from "../../command/contenders.ts";
import { createProgress } from "../../command/progress.ts";
import { usualLaunch } from "../../contenders/contender.ts";
import { kasbahIn } from "../../contenders/kasbah.ts";
import { signAndVerifyUs } from "../../machine/openssl-speed.ts";
import { memoryOf, processTree } from "../../machine/process-figures.ts";
import { Materials } from "../../materials/materials.ts";
import { MeasuredCa, usualCalls } from "../../measure/measured-ca.ts";
import { spreadOf } from "../../statistics/spread.ts";

// Issues a million certificates, or as many as the argument says, and measures what one costs at each power of ten.
const total = Number(process.argv[2] ?? 1_000_000);
const stops = [0, 10_000, 100_000, 1_000_000, 10_000_000].filter((count) => count <= total);
const [rounds, callsOfRound, callsOfBatch, lines] = [5, 2_000, 4_000, 24_000];
const calls = { ...usualCalls, callers: 64 };

const progress = createProgress(process.stderr);
const folder = mkdtempSync(join(tmpdir(), "kasbah-growth-"));
const materials = new Materials((text) => progress.say(text));
const ca = await MeasuredCa.start(kasbahIn(repositoryRoot, ours), usualLaunch, folder, materials, lines);
try {
  let issued = 0;
  const issue = async (count: number) => {
    const sample = await ca.measure({ ...calls, calls: count });
    issued += sample.served;
    return sample.cpuMs;
  };
  await issue(callsOfBatch);
  process.stdout.write("issued      CPU ms  × openssl  RSS MiB\n");
  for (const stop of stops) {
    while (issued < stop) {
      progress.show("growth", 0, 1, issued / total, `${issued} of ${total}`);
      await issue(callsOfBatch);
    }
    const measured: { readonly cpuMs: number; readonly ratio: number }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const unitUs = signAndVerifyUs();
      const cpuMs = await issue(callsOfRound);
      measured.push({ cpuMs, ratio: (cpuMs * 1000) / unitUs });
    }
    progress.end();
    const cells = [
      String(issued).padEnd(10),
      spreadOf(measured.map(({ cpuMs }) => cpuMs))
        .median.toFixed(2)
        .padStart(8),
      spreadOf(measured.map(({ ratio }) => ratio))
        .median.toFixed(1)
        .padStart(10),
      Math.round(rssMib()).toString().padStart(8),
    ];
    process.stdout.write(`${cells.join(" ")}\n`);
  }
} finally {
  await ca.stop();
  rmSync(folder, { recursive: true, force: true });
}

function rssMib(): number {
  return processTree(ca.running.pid ?? 0).reduce((sum, pid) => sum + memoryOf(pid).rssMib, 0);
}
