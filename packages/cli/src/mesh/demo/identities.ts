import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findingsOf } from "../../inspect/inspect.ts";
import type { Mesh } from "../local/mesh.ts";
import type { Workload } from "../local/workload.ts";
import type { DemoDeps } from "./demo-deps.ts";
import { runOpenssl } from "./openssl.ts";

/** Shows the root certificate. */
export async function showRoot(mesh: Mesh, deps: DemoDeps): Promise<void> {
  deps.print.step("The root certificate");
  await showOpenssl(["x509", "-in", mesh.ca.rootPath, "-noout", "-fingerprint", "-sha256"], deps);
}

/** Shows each workload's certificate from its agent, with openssl. */
export async function showIdentities(mesh: Mesh, deps: DemoDeps): Promise<void> {
  const { print } = deps;
  const workloads = [mesh.frontend, mesh.backend];
  print.step("The workload certificates that the agents serve");
  const paths = await Promise.all(workloads.map((workload) => saveChain(mesh, workload)));
  for (const path of paths) {
    const facts = ["-serial", "-dates", "-ext", "subjectAltName,basicConstraints,keyUsage"];
    await showOpenssl(["x509", "-in", path, "-noout", ...facts], deps);
    print.line();
  }
  for (const path of paths) {
    // The file contains the leaf, followed by the intermediate.
    await showOpenssl(
      ["verify", "-x509_strict", "-CAfile", mesh.ca.rootPath, "-untrusted", path, path],
      deps,
    );
  }
}

/** Requests the secrets from the agent's socket as Envoy does, and saves only the certificates. */
async function saveChain({ runDirectory }: Mesh, { name, sdsSocket }: Workload): Promise<string> {
  const path = join(runDirectory, `${name}.pem`);
  const { chain } = await findingsOf({ kind: "sds", path: sdsSocket });
  await writeFile(path, chain.map((certificate) => certificate.toPem()).join(""));
  return path;
}

async function showOpenssl(args: readonly string[], { print, env }: DemoDeps): Promise<void> {
  const { command, output } = await runOpenssl(args, env);
  print.command(command);
  print.output(output);
}
