import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { provideTool, whyNoDebian } from "../../deploy/image/debian-packages.ts";

/** Why alerts cannot be tried here, and what to do about it; undefined when they can be. */
export function whyNoPromtool(): string | undefined {
  if (installedPromtool() !== undefined) return undefined;
  const missing = whyNoDebian();
  return missing && `no promtool, and ${missing}: install Prometheus, or set PROMTOOL_BIN`;
}

/** Of the environment's `PROMTOOL_BIN` or PATH, else from Debian's package of Prometheus, into the cache. */
export async function providePromtool(say: (line: string) => void): Promise<string> {
  const installed = installedPromtool();
  if (installed !== undefined) return installed;
  return join((await provideTool("prometheus", say)).directory, "usr/bin/promtool");
}

function installedPromtool(): string | undefined {
  return [process.env["PROMTOOL_BIN"], "promtool"].find((path) => path && runs(path, "--version"));
}

function runs(path: string, flag: string): boolean {
  try {
    execFileSync(path, [flag], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
