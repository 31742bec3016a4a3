// Prepares a clone so that its commands run: installs the dependencies, which include the pinned Node, then builds. With
// --install-only it leaves the build to the caller, `npm run build`. Kept in syntax that Node 20 parses, because the
// machine's own Node runs it: npm scripts start it with the Node that npm itself runs on.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { pinnedNodeFor, pinnedNodeProblem } from "./pinned-node/pinned-node.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, "node_modules/.cache/kasbah-lock.sha256");
const lock = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex");

const isInstalled = existsSync(stamp) && readFileSync(stamp, "utf8") === lock;
if (!isInstalled) {
  // No package runs a script: a script could download what the lock file does not pin.
  run("installing dependencies (once, about half a minute)", "npm", [
    "ci",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
  ]);
}
requirePinnedNode();
if (!isInstalled) {
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, lock);
}
if (!process.argv.includes("--install-only")) run("building", "npm", ["run", "--silent", "build"]);

/** npm ignores an optional package that it cannot install, even if its digest is wrong. */
function requirePinnedNode() {
  const node = pinnedNodeFor(root);
  const problem = node === undefined ? undefined : pinnedNodeProblem(root, node);
  if (problem !== undefined) fail(`${problem}; remove node_modules and run npm run setup`);
}

function run(title, command, args) {
  process.stderr.write(`kasbah: ${title}\n`);
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (status !== 0) fail(`${title} failed (${error?.message ?? `${command} exited with ${status}`})`);
}

function fail(message) {
  process.stderr.write(`kasbah: ${message}\n`);
  process.exit(1);
}
