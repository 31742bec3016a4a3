import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { provideTool, whyNoDebian } from "../../deploy/image/debian-packages.ts";

/** Why promtool is not available here and how to get it; undefined if it is available. */
export function whyNoPromtool(): string | undefined {
  if (installedPromtool() !== undefined) return undefined;
  const missing = whyNoDebian();
  return missing && `no promtool, and ${missing}: install Prometheus, or set PROMTOOL_BIN`;
}

/** The path of promtool: from `PROMTOOL_BIN` or PATH, else downloaded from Debian's prometheus package into the cache. */
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
