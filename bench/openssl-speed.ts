import { execFileSync } from "node:child_process";
import type { Comparison } from "./report.ts";

/** ECDSA P-256 on one core with nothing around it: the limit that issuance is compared with. */
export interface PhysicalLimit {
  /** As printed by `openssl version`. */
  readonly version: string;
  readonly signsPerSecond: number;
  readonly verifiesPerSecond: number;
  /** One signature and one verification, the minimum that issuance needs. */
  readonly signAndVerifyUs: number;
}

/** Runs `openssl speed` for one second per operation. */
export function measurePhysicalLimit(): PhysicalLimit {
  const output = openssl("speed", "-seconds", "1", "ecdsap256");
  const [, sign = "0", verify = "0"] = /nistp256\)\s+\S+\s+\S+\s+([\d.]+)\s+([\d.]+)/.exec(output) ?? [];
  const signsPerSecond = Number(sign);
  const verifiesPerSecond = Number(verify);
  const signAndVerifyUs = 1e6 / signsPerSecond + 1e6 / verifiesPerSecond;
  if (!Number.isFinite(signAndVerifyUs)) throw new Error(`unexpected output of openssl speed:\n${output}`);
  const [version = ""] = openssl("version").split(" (");
  return { version: version.trim(), signsPerSecond, verifiesPerSecond, signAndVerifyUs };
}

export function timesOpenssl(cpuUs: number, { signAndVerifyUs }: PhysicalLimit): Comparison {
  return { ratio: cpuUs / signAndVerifyUs, of: "openssl" };
}

function openssl(...args: readonly string[]): string {
  return execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
}
