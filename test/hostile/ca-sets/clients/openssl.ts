import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { MadeSet } from "../workshop.ts";

const run = promisify(execFile);

/** What `openssl verify` says about the workload certificate in both roles and about the serving certificate. */
export async function opensslVerdict(made: MadeSet, ...options: readonly string[]): Promise<string> {
  const { leafPath, servingPath, rootsPath, intermediatesPath } = made;
  const untrusted = made.hasIntermediates ? ["-untrusted", intermediatesPath] : [];
  // Level 2 is what OpenSSL 3.5 and therefore Node use for TLS: no SHA-1, and no RSA below 2048 bits.
  const trust = ["-auth_level", "2", ...options, "-CAfile", rootsPath, ...untrusted];
  const verify = (purpose: string, ...paths: readonly string[]) =>
    run("openssl", ["verify", ...trust, "-purpose", purpose, ...paths]).then(
      () => "ok",
      ({ stderr = "" }: { readonly stderr?: string }) => /error \d+ at.*?: (.*)/.exec(stderr)?.[1] ?? stderr,
    );
  const found = await Promise.all([
    verify("sslserver", leafPath, servingPath),
    verify("sslclient", leafPath),
  ]);
  return found.find((verdict) => verdict !== "ok") ?? "ok";
}
