import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A small API server that reviews tokens, in a process of its own. */
export interface Reviewer {
  /** Flags that make a CA ask it. */
  readonly flags: readonly string[];
  stop(): Promise<void>;
}

/** What the reviewer's process reports once it listens. */
export interface ReviewerAddress {
  readonly url: string;
  readonly rootPem: string;
}

const program = fileURLToPath(new URL("reviewer-process.ts", import.meta.url));

export async function startReviewer(folder: string, jwksPath: string): Promise<Reviewer> {
  const child = fork(program, [jwksPath]);
  const [address]: [ReviewerAddress] = (await once(child, "message")) as [ReviewerAddress];
  const [caFile, tokenFile] = [join(folder, "api-ca.pem"), join(folder, "api-token")];
  writeFileSync(caFile, address.rootPem);
  writeFileSync(tokenFile, "the CA's own token", { mode: 0o600 });
  const files = ["--kubernetes-ca-file", caFile, "--kubernetes-token-file", tokenFile];
  return {
    flags: ["--kubernetes-api", address.url, "--allow-address", "127.0.0.1", ...files],
    async stop() {
      child.disconnect();
      await once(child, "exit");
    },
  };
}
