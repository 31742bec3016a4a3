import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";
import { bundleAgent } from "../../scripts/bundles/bundle-agent.ts";
import { shipped, type Variant } from "./variants.ts";

const scheduler = fileURLToPath(new URL("impatient-scheduler.ts", import.meta.url));

const impatient: Plugin = {
  name: "impatient",
  setup({ onResolve }) {
    onResolve({ filter: /\/scheduler\.ts$/ }, () => ({ path: scheduler }));
  },
};

/**
 * Builds the complete agent with a scheduler that rotates as fast as the CA replies. This separate build
 * keeps such a switch out of the real agent.
 */
export async function buildImpatientAgent(folder: string): Promise<Variant> {
  const path = `${folder}/kasbah-agent.mjs`;
  await bundleAgent(folder, [impatient]);
  return { ...shipped, name: "built to rotate without a pause", args: [...shipped.args.slice(0, -1), path] };
}
