import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@kasbah/runtime";
import { opensslVersion, signAndVerifyUs } from "../machine/openssl-speed.ts";
import { Materials } from "../materials/materials.ts";
import type { Figure } from "../report/figures.ts";
import type { Result } from "../report/result.ts";
import type { Row } from "../report/row.ts";
import type { Suite } from "../suites/suite.ts";
import { contendersOf } from "./contenders.ts";
import type { Options } from "./options.ts";
import type { Progress } from "./progress.ts";

/** Runs the chosen suites one after the other. */
export async function runSuites(
  suites: readonly Suite[],
  options: Options,
  progress: Progress,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "kasbah-bench-"));
  const say = (text: string) => progress.say(text);
  const [rows, figures, notes]: [Row[], Figure[], string[]] = [[], [], []];
  const contenders = contendersOf(options, say);
  const materials = new Materials(say, options.tokensFile);
  try {
    for (const [index, suite] of suites.entries()) {
      const measured = await suite.measure({
        ...options,
        contenders,
        materials,
        folder: join(folder, suite.name),
        unitUs: signAndVerifyUs,
        progress: (text, share) => progress.show(suite.name, index, suites.length, share, text),
        note: (sentence) => notes.push(sentence),
      });
      rows.push(...(measured.rows ?? []));
      figures.push(...(measured.figures ?? []));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const time = systemClock.now().toISOString();
  return { time, machine: describeMachine(), rows, figures, notes: [...new Set(notes)] };
}

function describeMachine(): string {
  return `${cpus().length} × ${cpus()[0]?.model ?? "?"}, Node ${process.versions.node} with OpenSSL ${process.versions.openssl}, ${opensslVersion()} for the ratios`;
}
