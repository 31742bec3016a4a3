import { writeFile } from "node:fs/promises";
import { errnoOf } from "@kasbah/runtime";
import type { DevDeps } from "../dev-deps.ts";
import type { DevStore } from "../folder/dev-store.ts";
import type { CaRecord } from "../folder/document.ts";
import { withFolderErrors } from "../folder/folder-error.ts";
import type { Layout } from "../folder/layout.ts";
import { endProcess } from "../process/end-process.ts";
import { whyUnusable } from "../process/ports.ts";
import { processMark } from "../process/process-mark.ts";
import { ensureTokenIssuer } from "../tokens.ts";
import { chooseCaAddresses } from "./choose-ports.ts";
import { devPolicy } from "./dev-policy.ts";
import { spawnCa } from "./spawn-ca.ts";
import { untilReady } from "./until-ready.ts";

/** The CA of another folder can take the chosen ports in between, but hardly again and again. */
const mostAttempts = 5;

/** Starts the CA of a folder and waits until it is ready. @throws CliError `PROCESS_FAILED` or `NOT_READY` */
export async function startCa(layout: Layout, store: DevStore, deps: DevDeps): Promise<CaRecord> {
  for (let attempt = 1; ; attempt += 1) {
    const ca = await withFolderErrors(layout.folder, () => spawnAndRecord(layout, store, deps));
    try {
      await untilReady(ca, layout, deps);
      return ca;
    } catch (error) {
      await endProcess(ca, deps);
      if (attempt === mostAttempts || !(await isPortTaken(ca))) throw error;
    }
  }
}

/** It is recorded before it is ready, so that `kasbah dev down` finds it if this command is killed. */
async function spawnAndRecord(layout: Layout, store: DevStore, deps: DevDeps): Promise<CaRecord> {
  await ensureTokenIssuer(layout.tokens);
  await writeOnce(layout.policy, devPolicy);
  const document = await store.update((found) => found);
  const addresses = await chooseCaAddresses(document);
  const pid = await spawnCa(layout, document.trustDomain, addresses, deps);
  const ca = { pid, mark: (await processMark(pid, deps)) ?? "", ...addresses };
  const ports = { grpc: addresses.grpcAddress.port, http: addresses.httpAddress.port };
  await store.update((found) => ({ ...found, ca, ports }));
  return ca;
}

async function isPortTaken({ grpcAddress, httpAddress }: CaRecord): Promise<boolean> {
  const reasons = await Promise.all([whyUnusable(grpcAddress), whyUnusable(httpAddress)]);
  return reasons.includes("EADDRINUSE");
}

async function writeOnce(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    if (errnoOf(cause) !== "EEXIST") throw cause;
  }
}
