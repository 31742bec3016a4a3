import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { errnoOf, printableText } from "@kasbah/runtime";
import { z } from "zod";
import { CliError } from "../../errors.ts";
import { caFlags } from "../../mesh/daemons/ca-endpoint.ts";
import { childEnvOf } from "../../mesh/daemons/daemon-environment.ts";
import { runProgram } from "../../mesh/processes/run-program.ts";
import { agentProgram } from "../../shipped-files.ts";
import type { RunningCa } from "../ca/ensure-ca.ts";
import type { DevDeps } from "../dev-deps.ts";
import type { Layout } from "../folder/layout.ts";
import { endpointOf } from "../run/run-workload.ts";
import { writeNewToken } from "../run/token-renewal.ts";
import { formatIdentity } from "../settings/identity.ts";
import { loadIssuer, type TokenOrder } from "../tokens.ts";

/** The files that were written. */
export interface FetchedFiles {
  readonly spiffeId: string;
  readonly notAfter: string;
  readonly directory: string;
}

const timeout = "20s";
const deadlineMs = 60_000;

const answer = z.object({ spiffeId: z.string(), notAfter: z.string() });

/** Writes key, chain and roots of an identity into a directory by `kasbah-agent fetch`. @throws CliError `PROCESS_FAILED` */
export async function fetchCertificate(
  identity: TokenOrder["identity"],
  out: string,
  { layout, running }: { readonly layout: Layout; readonly running: RunningCa },
  deps: DevDeps,
): Promise<FetchedFiles> {
  const directory = resolve(deps.cwd, out);
  const temporary = await mkdtemp(join(deps.temporaryDirectory, "kasbah-dev-cert-"));
  try {
    const path = join(temporary, "token");
    await writeNewToken({ path, issuer: await loadIssuer(layout.tokens), identity }, deps.clock);
    const args = [
      ...[agentProgram, "fetch", ...caFlags(endpointOf(running, layout)), "--token-file", path],
      ...["--trust-domain", running.trustDomain, "--output-certs", directory, "--output-public-mode", "0600"],
      ...["--timeout", timeout, "--json"],
    ];
    const options = { env: childEnvOf(deps.env), deadlineMs, signal: deps.signal };
    const { code, output } = await runProgram(deps.nodePath, args, options);
    deps.signal.throwIfAborted();
    if (code !== 0) throw failure(formatIdentity(identity), output);
    await hideFromGit(directory);
    return { ...answer.parse(JSON.parse(output.slice(output.indexOf("{")))), directory };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** A key in the folder of a project is one `git add .` away from being published. */
async function hideFromGit(directory: string): Promise<void> {
  try {
    await writeFile(join(directory, ".gitignore"), "*\n", { flag: "wx" });
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
  }
}

/** The last line of kasbah-agent fetch repeats the reason and its fix. */
function failure(name: string, output: string): CliError {
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  const [, reason = last] =
    /^kasbah-agent: (?:no certificate[^:]*: )?(.*?)(?: \([A-Z_]+\))?(?:; fix: .*)?$/.exec(last) ?? [];
  const shown = reason === "" ? `kasbah-agent did not end within ${deadlineMs / 1000} s` : reason;
  return new CliError("PROCESS_FAILED", `no certificate for ${name}: ${printableText(shown, 600)}`);
}
