import { execFileSync } from "node:child_process";

/** The version as printed by `openssl version`. */
export function opensslVersion(): string {
  const [version = ""] = openssl("version").split(" (");
  return version.trim();
}

/**
 * The CPU time in microseconds of one ECDSA P-256 signature and one verification, measured for one second each: the
 * minimum of an issuance, and the unit of every ratio.
 */
export function signAndVerifyUs(): number {
  const output = openssl("speed", "-seconds", "1", "ecdsap256");
  const [, sign = "0", verify = "0"] = /nistp256\)\s+\S+\s+\S+\s+([\d.]+)\s+([\d.]+)/.exec(output) ?? [];
  const us = 1e6 / Number(sign) + 1e6 / Number(verify);
  if (!Number.isFinite(us)) throw new Error(`unexpected output of openssl speed:\n${output}`);
  return us;
}

function openssl(...args: readonly string[]): string {
  return execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
}
