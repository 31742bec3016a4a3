import { join } from "node:path";
import { provideHelm } from "./build-tools.ts";
import { runTool } from "./run-tool.ts";

/**
 * Helm, isolated from the developer's configuration: no repositories, no plugins, and only the given cluster.
 */
export interface Helm {
  /** The output of Helm. @throws Error with Helm's message if it fails */
  run(args: readonly string[], input?: { readonly stdin?: string }): Promise<string>;
}

/** @param home a directory owned by the caller, for Helm's own files */
export async function openHelm(home: string, kubeconfig = join(home, "no-cluster")): Promise<Helm> {
  const binary = await provideHelm();
  const env = { PATH: process.env["PATH"], HOME: home, KUBECONFIG: kubeconfig };
  return { run: (args, { stdin = "" } = {}) => runTool(binary, args, { stdin, env }) };
}
