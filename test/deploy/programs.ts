import { execFileSync } from "node:child_process";

/** Of the environment's `PROMTOOL_BIN` or PATH; it comes with Prometheus. */
export function findPromtool(): string | undefined {
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
