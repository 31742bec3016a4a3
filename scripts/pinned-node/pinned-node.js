// Finds the Node that the project pins, and compares it with its digest. Kept in syntax that Node 20 parses,
// because the machine's own Node checks the pinned one: a changed program could not be trusted to check itself.
import { createHash } from "node:crypto";
import { readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";

const { version, sha256: digests } = JSON.parse(
  readFileSync(new URL("digests.json", import.meta.url), "utf8"),
);

/** The pinned Node for a platform, or undefined if the project pins none for it. */
export function pinnedNodeFor(root, { platform, arch } = process) {
  const name = ["node", "node-bin"]
    .map((prefix) => `${prefix}-${platform}-${arch}`)
    .find((candidate) => Object.hasOwn(digests, candidate));
  if (name === undefined) return undefined;
  const home = join(root, "node_modules", name);
  return { version, home, binary: join(home, "bin/node"), sha256: digests[name] };
}

/** The reason why the pinned Node must not run, or undefined. */
export function pinnedNodeProblem(root, { binary, sha256, version: pinned }) {
  let found;
  try {
    found = createHash("sha256").update(readFileSync(binary)).digest("hex");
  } catch (error) {
    return `${binary} is missing (${error.code ?? error.message}): npm did not install Node ${pinned}`;
  }
  if (found !== sha256) {
    return `${binary} is not Node ${pinned}: expected SHA-256 ${sha256}, found ${found}`;
  }
  const command = join(root, "node_modules/.bin/node");
  const started = realPathOf(command);
  if (started !== realpathSync(binary)) {
    return `${command} starts ${started ?? "nothing"}: expected ${binary}`;
  }
  return undefined;
}

function realPathOf(path) {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
