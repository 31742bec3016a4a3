// Prepares a clone so that its commands run: installs the dependencies, which include the pinned Node, then builds. With
// --install-only it leaves the build to the caller, `npm run build`. Kept in syntax that Node 20 parses, because the
// machine's own Node runs it the first time.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, "node_modules/.cache/kasbah-lock.sha256");
const lock = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex");

if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== lock) {
  run("installing dependencies (once, about half a minute)", "npm", [
    "ci",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
  ]);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, lock);
}
if (!process.argv.includes("--install-only")) run("building", "npm", ["run", "--silent", "build"]);

function run(title, command, args) {
  process.stderr.write(`kasbah: ${title}\n`);
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (status === 0) return;
  process.stderr.write(`kasbah: ${title} failed (${error?.message ?? `${command} exited with ${status}`})\n`);
  process.exit(1);
}
