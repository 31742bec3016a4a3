import { fileURLToPath } from "node:url";
import type { BuildOptions } from "esbuild";
import { builtinModules } from "./builtin-modules.ts";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** Options for a program as a single file, which runs without any other module. */
export const singleFile = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node24",
  conditions: ["kasbah-source"],
  metafile: true,
  // Names are kept and lines are short, so that stack traces are readable without a source map.
  minifySyntax: true,
  minifyWhitespace: true,
  lineLimit: 160,
  legalComments: "none",
  plugins: [builtinModules],
  // Without a listener, SIGUSR1 makes Node open its debugger: a port that exposes every key.
  banner: { js: 'process.on("SIGUSR1",()=>{});' },
  logLevel: "warning",
} satisfies BuildOptions;
