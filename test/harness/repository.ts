import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const repositoryRoot = fileURLToPath(new URL("../../", import.meta.url));

/** The programs as they ship: the built sources behind `bin/`. */
export const serverBin = join(repositoryRoot, "packages/ca-server/bin/kasbah-server.js");
export const agentBin = join(repositoryRoot, "packages/agent/bin/kasbah-agent.js");
export const kasbahBin = join(repositoryRoot, "packages/cli/bin/kasbah.js");
