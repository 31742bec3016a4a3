import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import type { CompletedShell } from "../../../packages/cli/src/shipped-files.ts";
import { completionScript } from "../../../scripts/completion/script.ts";
import { prepareShell, type ShellProgram } from "./prepared-shell.ts";
import { typeInto } from "./type-into.ts";

/** What is typed, where a tab is the key, and the last word of the line that it becomes. */
function cases(shell: CompletedShell, state: string): readonly (readonly [typed: string, last: string])[] {
  return [
    ["kasbah auth\t", "authority"],
    ["kasbah authority rec\t", "recall"],
    ["kasbah -n prod authority stat\t", "status"],
    ["kasbah authority list --all --js\t", "--json"],
    ["kasbah -n auth\t", "auth"],
    ["kasbah check --context kind-d\t", "kind-demo"],
    [`kasbah authority distrust --state-dir ${state} ro\t`, "root-1"],
    [`kasbah authority distrust --state-dir=${state} inter\t`, "intermediate-1"],
    // bash leaves such a name out; the others quote it.
    [
      `kasbah authority distrust --state-dir=${state} '$(touch'\t`,
      shell === "bash" ? "$(touch" : "$(touch ruined)",
    ],
    ["kasbah why TOKEN_AU\t", "TOKEN_AUDIENCE"],
    ["kasbah install --profile op\t", "openshift"],
    ["kasbah audit export --format=j\t", "--format=jsonl"],
    [`kasbah inspect ${state}/root-c\t`, `${state}/root-cert.pem`],
    ["kasbah dev run --as demo/web -- mkte\t", "mktemp"],
    ["kasbah init --root-key RSA-4\t", "RSA-4096"],
    ["kasbah completion zs\t", "zsh"],
    ["kasbah-agent stat\t", "status"],
    ["kasbah-agent status --status-a\t", "--status-address"],
    ["kasbah-server --log-level deb\t", "debug"],
  ];
}

/** Types every case into a real shell, and verifies that no completion has run a command but the one for contexts. */
export async function assertCompletes(
  shell: CompletedShell,
  program: ShellProgram,
  folder: string,
): Promise<void> {
  const state = join(folder, "state");
  for (const id of ["root-1", "intermediate-1", "$(touch ruined)", "`touch ruined`"])
    mkdirSync(join(state, "authorities", id), { recursive: true });
  writeFileSync(join(state, "root-cert.pem"), "");
  const [bin, calls] = [join(folder, "bin"), join(folder, "kubectl-calls")];
  mkdirSync(bin);
  writeFileSync(
    join(bin, "kubectl"),
    `#!/bin/sh\necho "$@" >> '${calls}'\necho kind-demo\necho 'other$(touch ruined)'\n`,
  );
  chmodSync(join(bin, "kubectl"), 0o755);
  const { command, env } = prepareShell(shell, program, completionScript(shell), folder);
  const all = cases(shell, state);
  const lines = [`cd ${folder}; kasbah`, ...all.map(([typed]) => typed)];
  const PATH = [bin, process.env["PATH"]].join(delimiter);
  const [, ...ran] = await typeInto({ command, env: { ...env, PATH } }, lines);
  assert.deepEqual(
    ran.map((args) => args.at(-1)),
    all.map(([, last]) => last),
  );
  assert.deepEqual(
    new Set(readFileSync(calls, "utf8").trimEnd().split("\n")),
    new Set(["config get-contexts -o name"]),
  );
  assert.throws(() => readFileSync(join(folder, "ruined")), { code: "ENOENT" });
}
