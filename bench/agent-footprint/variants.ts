import { fileURLToPath } from "node:url";
import { images } from "../../deploy/image/images.ts";
import { bundlePath } from "../../scripts/bundles/bundle-agent.ts";

/** One way to run the agent, or the floor that no variant can go below. */
export interface Variant {
  readonly name: string;
  /** Node's options, followed by the program. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const file = (path: string) => fileURLToPath(new URL(`../../packages/agent/${path}`, import.meta.url));

const listen = "require('node:net').createServer().listen(process.argv[1]); setInterval(() => {}, 60_000);";

/** Node with an idle Unix socket at the given path. */
export const floor: Variant = { name: "bare Node with a socket", args: ["--eval", listen] };

const inImage = images.find(({ name }) => name === "agent");

/** The shipped bundle, with the options that it has in the image. */
export const shipped: Variant = {
  name: "as in the image",
  args: [...(inImage?.nodeFlag === undefined ? [] : [inImage.nodeFlag]), bundlePath],
  env: inImage?.env ?? {},
};

/** Other ways to run the agent; `cacheFolder` must be writable. */
export function alternatives(cacheFolder: string): readonly Variant[] {
  const withFlags = (...flags: readonly string[]): Variant => ({
    name: `one file, ${flags.join(" ")}`,
    args: [...flags, bundlePath],
  });
  return [
    { name: "one file, without options", args: [bundlePath] },
    { name: "one file, started by a clone's launcher", args: [file("bin/kasbah-agent.js")] },
    { name: "not bundled", args: [file("dist/main.js")] },
    { name: "one file, compile cache", args: [bundlePath], env: { NODE_COMPILE_CACHE: cacheFolder } },
    { name: "one file, MALLOC_ARENA_MAX=1", args: [bundlePath], env: { MALLOC_ARENA_MAX: "1" } },
    withFlags("--max-semi-space-size=1"),
    withFlags("--jitless"),
    withFlags("--single-threaded"),
    withFlags("--optimize-for-size"),
    withFlags("--no-opt", "--no-sparkplug"),
  ];
}
