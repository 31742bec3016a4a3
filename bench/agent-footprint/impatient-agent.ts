import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";
import { bundleAgent } from "../../scripts/agent-bundle/bundle-agent.ts";
import { shipped, type Variant } from "./variants.ts";

const scheduler = fileURLToPath(new URL("impatient-scheduler.ts", import.meta.url));

const impatient: Plugin = {
  name: "impatient",
  setup({ onResolve }) {
    onResolve({ filter: /\/scheduler\.ts$/ }, () => ({ path: scheduler }));
  },
};

/**
 * The agent, all of it, built with another scheduler: rotations follow one another as fast as the CA answers. A build of
 * its own, so that the real agent needs no way to be hurried.
 */
export async function buildImpatientAgent(folder: string): Promise<Variant> {
  const path = `${folder}/impatient-agent.mjs`;
  await bundleAgent(path, [impatient]);
  return { ...shipped, name: "built to rotate on and on", args: [...shipped.args.slice(0, -1), path] };
}
