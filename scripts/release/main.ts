// npm run release:dry: makes the npm package as a publication would, and proves that it works. Nothing is published.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { ConfigInvalidError } from "@kasbah/runtime";
import { root } from "../bundles/single-file.ts";
import { rehearseRelease } from "./rehearse.ts";
import { ReleaseError } from "./release-error.ts";

const { env, execPath, stdout, stderr } = process;
const out = join(root, "out/npm");
const say = (line: string) => void stdout.write(`${line}\n`);
const workshop = await mkdtemp(join(tmpdir(), "kasbah-release-"));

try {
  await rehearseRelease({ env, node: execPath, workshop, out, say });
} catch (error) {
  if (!(error instanceof ReleaseError || error instanceof ConfigInvalidError)) throw error;
  stderr.write(`release: ${error.message}\n`);
  process.exitCode = 1;
} finally {
  await rm(workshop, { recursive: true, force: true });
}
