import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ledgerDirectoryAt, listSegments } from "@kasbah/ledger";
import { systemClock } from "@kasbah/runtime";
import { ClockTrial } from "../harness/clock-trial.ts";
import { createPastCa } from "../harness/past-ca.ts";
import { mayMountDisks, SmallDiskCa } from "../harness/small-disk.ts";
import { mintDemoToken } from "../harness/token-issuer.ts";
import { findFaketime } from "../harness/wall-clock.ts";
import { CompanyPki, writeSet } from "../harness/way-out/plugged-in-sets.ts";
import type { CaStage } from "./ca-stage.ts";
import { startPod } from "./pods.ts";
import type { Scene } from "./scenes.ts";

const dayMs = 86_400_000;
/** The exit codes of `kasbah status`. */
const [warning, critical] = [3, 4];
const at = (stateDir: string) => ({ env: { KASBAH_STATE_DIR: stateDir } });

/** The incidents of a CA that does not run, does not issue, or is about to stop. */
export const brokenCas: Readonly<Record<string, Scene<CaStage>>> = {
  async "CA down"(stage) {
    const state = await stage.initialize("down");
    const ca = stage.launch(state);
    await ca.untilReady();
    await ca.kill();
    return { ...at(state), codes: ["CA_DOWN"], exits: critical };
  },
  async "disk full"({ directory, running, issuer }) {
    if (!mayMountDisks()) return undefined;
    const disk = new SmallDiskCa(directory.join("disk"), { size: "8m", flags: issuer.flags });
    running.use(disk.ca);
    await disk.untilReady(true);
    disk.fill();
    const ca = await disk.ca.grpcAddress();
    const rootPem = await readFile(join(disk.stateDir, "public/root-cert.pem"), "utf8");
    const token = await mintDemoToken(issuer.tokens, "frontend");
    const { pod } = await startPod(running, { ca, rootPem, token });
    await pod.agent.says("LEDGER_UNAVAILABLE");
    const within = ["nsenter", "--mount", "--target", String(disk.ca.pid)];
    return { ...at(directory.join("disk", "state")), within, codes: ["DISK_FULL"], exits: critical };
  },
  async "clock of the CA ahead"({ running }) {
    const faketime = await findFaketime();
    if (faketime === undefined) return undefined;
    const trial = running.use(await ClockTrial.create(faketime));
    await trial.start();
    await trial.setWrong(400 * dayMs);
    await trial.ca.says("clock is suspect");
    return { ...at(trial.stateDir), codes: ["CLOCK_SUSPECT"], exits: warning };
  },
  async "root expired"(stage) {
    const state = stage.directory.join("old-root");
    await createPastCa(state, 3700);
    await stage.launch(state).logged("daemon started");
    return { ...at(state), codes: ["ROOT_EXPIRED"], exits: critical };
  },
  async "intermediate expired"(stage) {
    const [state, files] = [stage.directory.join("old-intermediate"), stage.directory.join("cacerts")];
    await mkdir(files);
    // A CA with its own root replaces an expired intermediate by itself. This one needs its company's PKI.
    const signedAt = new Date(systemClock.now().getTime() - 400 * dayMs);
    await writeSet(files, await new CompanyPki().underNewRoot(signedAt));
    await createPastCa(state, 399, { pluggedInDirectory: files });
    await stage.launch(state, "--root-ca-dir", files).logged("daemon started");
    return { ...at(state), codes: ["INTERMEDIATE_EXPIRED"], exits: critical };
  },
  async "state lost"(stage) {
    const state = await stage.initialize("lost");
    await rm(join(state, "control"), { recursive: true });
    await stage.launch(state).logged("start failed");
    return { ...at(state), codes: ["CA_DOWN", "STATE_MISSING"], exits: critical };
  },
  async "ledger altered"(stage) {
    const state = await stage.initialize("altered");
    const ca = stage.launch(state);
    await ca.untilReady();
    await ca.stop();
    for (const { path } of await listSegments(ledgerDirectoryAt(join(state, "ledger")).segments)) {
      const entries = await readFile(path, "utf8");
      await writeFile(path, entries.replace(/"time":"20\d\d/, '"time":"2001'));
    }
    await stage.launch(state).logged("start failed");
    return { ...at(state), codes: ["CA_DOWN", "LEDGER_DAMAGED"], exits: critical };
  },
};
