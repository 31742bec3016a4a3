import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { temporaryDirectory } from "@kasbah/testkit";
import { Sandbox } from "./sandbox.ts";

// A process of its own, because suites import nothing from each other.
const program = fileURLToPath(new URL("../../kubernetes/documented/main.ts", import.meta.url));

/** A running cluster, whose pods have their ports in a network of its own. */
export interface PageCluster {
  readonly network: Sandbox;
  /** What its commands need: KUBECONFIG and the folder of kubectl and helm. */
  readonly env: Readonly<Record<string, string>>;
}

/** Starts a cluster for the pages, and stops it when they are done. */
export async function withCluster<T>(
  say: (line: string) => void,
  use: (cluster: PageCluster | undefined) => Promise<T>,
): Promise<T> {
  await using directory = await temporaryDirectory();
  await using network = await Sandbox.create({ directory: directory.path, withClone: false });
  const [file = "", ...args] = network.within;
  const child = spawn(file, [...args, process.execPath, "--conditions=kasbah-source", program], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    const ready = await readyLine(child.stdout, say);
    return await use(ready && { network, env: ready });
  } finally {
    child.stdin.end();
    if (child.exitCode === null) await once(child, "exit");
  }
}

/** The environment that the cluster prints when it is ready; undefined if it says why none can run here. */
async function readyLine(
  output: NodeJS.ReadableStream,
  say: (line: string) => void,
): Promise<Readonly<Record<string, string>> | undefined> {
  for await (const line of createInterface({ input: output })) {
    if (line.startsWith("{")) {
      output.resume();
      return JSON.parse(line);
    }
    say(line.trim());
  }
  return undefined;
}
