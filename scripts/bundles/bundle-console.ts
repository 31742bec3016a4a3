import { cp } from "node:fs/promises";
import { join } from "node:path";
import { build, type Metafile } from "esbuild";
import { root } from "./single-file.ts";

/** Writes the page into a folder: `index.html`, `console.js` and `console.css`, which load nothing else. */
export async function bundleConsole(folder = join(root, "packages/console/dist")): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [
      { in: "packages/console/src/main.ts", out: "console" },
      { in: "packages/console/src/style/main.css", out: "console" },
    ],
    outdir: folder,
    bundle: true,
    platform: "browser",
    format: "esm",
    target: ["es2022", "chrome109", "firefox115", "safari16"],
    jsx: "automatic",
    jsxImportSource: "preact",
    minify: true,
    lineLimit: 160,
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
  });
  await cp(join(root, "packages/console/src/index.html"), join(folder, "index.html"));
  return metafile;
}
