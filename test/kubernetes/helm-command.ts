import { join } from "node:path";
import { provideHelm } from "./build-tools.ts";
import { runTool } from "./run-tool.ts";

/** Helm, without what the developer's own has learned: no repository, no plugin, no cluster but one that is given. */
export interface Helm {
  /** What it prints. @throws Error with what it says when it fails */
  run(args: readonly string[], input?: { readonly stdin?: string }): Promise<string>;
}

/** @param home a directory of the caller's for Helm's own files */
export async function openHelm(home: string, kubeconfig = join(home, "no-cluster")): Promise<Helm> {
  const binary = await provideHelm();
  const env = { PATH: process.env["PATH"], HOME: home, KUBECONFIG: kubeconfig };
  return { run: (args, { stdin = "" } = {}) => runTool(binary, args, { stdin, env }) };
}
