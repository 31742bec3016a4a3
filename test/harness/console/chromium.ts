import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const installedPath = "/usr/bin/chromium";

/** The browser of `CHROMIUM_BIN`, or Debian's. In CI as root, it is installed first, so that no test is skipped. */
function findChromium(): string | undefined {
  const chosen = process.env["CHROMIUM_BIN"];
  if (chosen !== undefined) return chosen;
  const mayInstall = process.env["CI"] !== undefined && process.getuid?.() === 0;
  if (!existsSync(installedPath) && mayInstall && existsSync("/usr/bin/apt-get")) {
    execFileSync("apt-get", ["-q", "update"], { stdio: "inherit" });
    const install = ["-q", "-y", "--no-install-recommends", "install", "chromium"];
    execFileSync("apt-get", install, { stdio: "inherit" });
  }
  return existsSync(installedPath) ? installedPath : undefined;
}

/** Why no browser can run here; undefined if one can. */
export function whyNoChromium(): string | undefined {
  const path = findChromium();
  if (path === undefined)
    return `skipped: ${installedPath} is missing (install chromium, or set CHROMIUM_BIN)`;
  const { status } = spawnSync(path, ["--version"], { stdio: "ignore" });
  return status === 0 ? undefined : `skipped: ${path} --version exits with ${status}`;
}

/** A name that resolves to the loopback, as an attacker's DNS server would answer (DNS rebinding). */
export const rebindingName = "rebinding.test";

/**
 * Starts a browser that resolves no other name, and that writes every connection into `netLog`. Its sandbox needs
 * user namespaces of its own, which root in a container has not.
 */
export async function launchChromium(netLog: string): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error("no Chromium");
  const rules = [`MAP ${rebindingName} 127.0.0.1`, "MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1"];
  return chromium.launch({
    executablePath,
    chromiumSandbox: process.getuid?.() !== 0,
    args: [`--host-resolver-rules=${rules.join(", ")}`, `--log-net-log=${netLog}`],
  });
}
