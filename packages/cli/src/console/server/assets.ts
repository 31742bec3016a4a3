import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf } from "@kasbah/runtime";
import { CliError } from "../../errors.ts";
import { type ConsoleReply, zipped } from "./reply.ts";

/** The files of the page by the paths at which the browser requests them. */
const files = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/console.js": ["console.js", "text/javascript; charset=utf-8"],
  "/console.css": ["console.css", "text/css; charset=utf-8"],
} as const;

export type ConsoleAssets = ReadonlyMap<string, ConsoleReply>;

/** Reads the page into memory. @throws CliError `CONSOLE_ASSETS_MISSING` */
export async function loadAssets(directory: string): Promise<ConsoleAssets> {
  const read = Object.entries(files).map(async ([path, [file, type]]) => {
    const body = await readAsset(join(directory, file));
    return [path, await zipped({ status: 200, type, body })] as const;
  });
  return new Map(await Promise.all(read));
}

async function readAsset(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const reason = errnoOf(error) === "ENOENT" ? "does not exist" : `cannot be read: ${errnoOf(error)}`;
    const fix =
      "in a clone, run npm run build; an image has no page, so run kasbah console -n NAMESPACE elsewhere";
    throw new CliError("CONSOLE_ASSETS_MISSING", `${path} ${reason}: ${fix}`, { cause: error });
  }
}
