import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { CliError } from "../../errors.ts";
import { caArguments } from "../../mesh/daemons/ca-arguments.ts";
import { childEnvOf } from "../../mesh/daemons/daemon-environment.ts";
import type { DevDeps } from "../dev-deps.ts";
import type { Layout } from "../folder/layout.ts";
import { devTokenIssuer, jwksPathIn } from "../tokens.ts";
import type { CaAddresses } from "./choose-ports.ts";

/** Starts a CA in its own session, so it outlives this command and its terminal. @throws CliError `PROCESS_FAILED` */
export async function spawnCa(
  layout: Layout,
  trustDomain: string,
  addresses: CaAddresses,
  { nodePath, env }: Pick<DevDeps, "nodePath" | "env">,
): Promise<number> {
  const args = caArguments({
    stateDirectory: layout.caState,
    trustDomain,
    jwksPath: jwksPathIn(layout.tokens),
    tokenIssuer: devTokenIssuer,
    ...addresses,
    flags: ["--policy", layout.policy],
  });
  const log = openSync(layout.caLog, "w", 0o600);
  const stdio: ["ignore", number, number] = ["ignore", log, log];
  const child = spawn(nodePath, [...args], { detached: true, cwd: "/", stdio, env: childEnvOf(env) });
  closeSync(log);
  if (child.pid === undefined) {
    const [cause] = await once(child, "error");
    throw new CliError("PROCESS_FAILED", `cannot start the CA: ${nodePath} does not run`, { cause });
  }
  child.unref();
  return child.pid;
}
