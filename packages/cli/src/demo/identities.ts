import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findingsOf } from "../inspect/inspect.ts";
import type { DemoWorld } from "./demo.ts";
import type { Mesh } from "./mesh.ts";
import { runOpenssl } from "./openssl.ts";
import type { Workload } from "./workload.ts";

/** The root that everything hangs on. */
export async function showRoot(mesh: Mesh, { print, env }: DemoWorld): Promise<void> {
  print.step("One root of trust");
  const args = ["x509", "-in", mesh.ca.rootPath, "-noout", "-fingerprint", "-sha256"];
  const { command, output } = await runOpenssl(args, env);
  print.command(command);
  print.output(output);
}

/** Each workload's certificate, as its agent serves it, by openssl's eyes. */
export async function showIdentities(mesh: Mesh, world: DemoWorld): Promise<void> {
  world.print.step("Two identities, served by the agents over SDS, checked by openssl");
  for (const workload of [mesh.frontend, mesh.backend]) await showIdentity(mesh, workload, world);
}

async function showIdentity(mesh: Mesh, workload: Workload, { print, env }: DemoWorld): Promise<void> {
  const path = join(workload.directory, "chain.pem");
  const { chain } = await findingsOf({ kind: "sds", path: workload.sdsSocket });
  await writeFile(path, chain.map((certificate) => certificate.toPem()).join(""));
  const show = ["-noout", "-serial", "-dates", "-ext", "subjectAltName,basicConstraints,keyUsage"];
  const shown = await runOpenssl(["x509", "-in", path, ...show], env);
  const verified = await runOpenssl(["verify", "-x509_strict", "-CAfile", mesh.ca.rootPath, path], env);
  print.command(shown.command);
  print.output(shown.output);
  print.command(verified.command);
  print.output(verified.output);
}
