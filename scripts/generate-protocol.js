// Compiles protos/ to static protobufjs code and its types in packages/protocol/generated.
import { execFileSync } from "node:child_process";
import { globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const output = join(root, "packages/protocol/generated");
const sources = globSync("**/*.proto", { cwd: join(root, "protos") })
  .sort()
  .map((file) => join(root, "protos", file));

const isFresh = (file) => {
  const made = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return [fileURLToPath(import.meta.url), ...sources].every((source) => statSync(source).mtimeMs < made);
};

const require = createRequire(import.meta.url);
const run = (tool, ...args) =>
  execFileSync(process.execPath, [require.resolve(`protobufjs-cli/bin/${tool}`), ...args], {
    stdio: "inherit",
  });

if (!isFresh(join(output, "messages.d.ts"))) {
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  const code = join(output, "messages.js");
  run(
    "pbjs",
    "--target",
    "static-module",
    "--wrap",
    "esm",
    "--path",
    join(root, "protos"),
    "--no-create",
    "--no-verify",
    "--no-convert",
    "--no-delimited",
    "--no-typeurl",
    "--no-service",
    "--out",
    code,
    ...sources,
  );
  run("pbts", "--out", join(output, "messages.d.ts"), code);
  writeFileSync(code, divisible(readFileSync(code, "utf8")));
}

/**
 * Makes each protobuf package its own constant instead of a member of one object, so that bundlers can drop
 * unused ones.
 */
function divisible(text) {
  return text
    .replace(/^export const (\w+) = \$root\.\1 = \(/gm, "export const $1 = /* @__PURE__ */ (")
    .replace(/^const \$root = .*;$/m, "")
    .replace(/^export \{\s*\$root as default\s*\};?$/m, "")
    .replaceAll("$root.", "");
}
