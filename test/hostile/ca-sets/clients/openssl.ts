import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { MadeSet } from "../workshop.ts";

const run = promisify(execFile);

/** What `openssl verify` says about the workload certificate in both roles and about the serving certificate. */
export async function opensslVerdict(made: MadeSet, ...options: readonly string[]): Promise<string> {
  const { leafPath, servingPath, rootsPath } = made;
  const verify = async (path: string, purpose: string) => {
    const trust = ["-CAfile", rootsPath, "-untrusted", path, "-purpose", purpose];
    const said = await run("openssl", ["verify", ...options, ...trust, path]).then(
      () => "",
      (error: { readonly stderr?: string }) => error.stderr ?? String(error),
    );
    return /error \d+ at.*?: (.*)/.exec(said)?.[1] ?? said.slice(0, 100);
  };
  const roles = [
    [leafPath, "sslserver"],
    [leafPath, "sslclient"],
    [servingPath, "sslserver"],
  ] as const;
  const found = await Promise.all(roles.map(([path, purpose]) => verify(path, purpose)));
  return found.find((problem) => problem !== "") ?? "ok";
}
