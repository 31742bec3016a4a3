import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formatHostPort, systemClock } from "@kasbah/runtime";
import { temporaryDirectory, untilSeen } from "@kasbah/testkit";
import { type Release, runCommand, unpackRelease } from "../harness/release.ts";
import { patienceMs } from "../harness/until.ts";
import { type AgentSettings, createAgentSettings, startAgent } from "./processes/agent.ts";
import { adminSocketOf, type CaSettings, createCaSettings, startCa } from "./processes/ca.ts";
import { createCallers } from "./processes/callers.ts";
import { startFakeCluster } from "./processes/cluster.ts";

/**
 * Runs the daemons of a packed release and keeps the state that they write, in the directory `kept-state`
 * next to them.
 */
export async function writeKeptState(packed: string): Promise<void> {
  await using directory = await temporaryDirectory();
  const release = await unpackRelease(directory.join("release"), packed);
  const state = join(packed, "kept-state");
  await rm(state, { recursive: true, force: true });
  await mkdir(state, { recursive: true });
  await writeDirectories(release, directory.path, state);
  await writeSecret(release, directory.path, state);
}

/**
 * The state directory of a CA in a rotation of its root, with every kind of ledger entry, and the files of an
 * agent.
 */
async function writeDirectories(release: Release, directory: string, state: string): Promise<void> {
  const callers = await createCallers(join(directory, "callers"));
  const ca = await createCaSettings({ stateDirectory: join(state, "ca"), callers });
  await using server = await startCa(release, ca);
  await writeAgentFiles(release, join(directory, "web"), ca, state);
  // The ledger keeps the refusals of authenticated and unauthenticated callers in different files.
  const greedy = { directory: join(directory, "greedy"), ca, secretTtl: "9000h" };
  await writeRefusal(release, await createAgentSettings("greedy", greedy));
  const callersOfAnotherCa = await createCallers(join(directory, "other-callers"));
  const other = { directory: join(directory, "other"), ca: { ...ca, callers: callersOfAnotherCa } };
  await writeRefusal(release, await createAgentSettings("other", other));
  await runCommand(release, "authority", "rotate", "--root", "--admin-socket", adminSocketOf(ca));
  await untilSeen("rotation", patienceMs, () => isRotating(release, adminSocketOf(ca)));
  await server.stop();
  // The lock names this machine and this process.
  for (const name of ["lock", "lock-holder.json"]) await rm(join(ca.stateDirectory, "control", name));
}

async function writeAgentFiles(
  release: Release,
  directory: string,
  ca: CaSettings,
  state: string,
): Promise<void> {
  const flags = ["--cache-dir", join(state, "agent-cache"), "--output-certs", join(state, "agent-files")];
  const settings = await createAgentSettings("web", { directory, ca, flags });
  await using agent = await startAgent(release, settings).ready();
  await untilSeen("files of the agent", patienceMs, () => isWritten(state));
  const writtenAt = systemClock.now().toISOString();
  await writeFile(join(state, "written-at.json"), `${JSON.stringify({ writtenAt })}\n`);
  await agent.stop();
}

async function isWritten(state: string): Promise<true | undefined> {
  const paths = [join(state, "agent-cache/secret.json"), join(state, "agent-files/cert-chain.pem")];
  const texts = await Promise.all(paths.map((path) => readFile(path, "utf8").catch(() => "")));
  return texts.every((text) => text !== "") || undefined;
}

/** Runs an agent until the CA has refused it a certificate. */
async function writeRefusal(release: Release, settings: AgentSettings): Promise<void> {
  await using agent = startAgent(release, settings);
  const metrics = `http://${formatHostPort(settings.statusAddress)}/metrics`;
  await agent.until("refusal", async () => {
    const answer = await fetch(metrics).catch(() => undefined);
    return /^kasbah_agent_ca_refusals\{/m.test((await answer?.text()) ?? "");
  });
  await agent.stop();
}

async function isRotating(release: Release, adminSocket: string): Promise<true | undefined> {
  const status = await runCommand(release, "authority", "status", "--json", "--admin-socket", adminSocket);
  return JSON.parse(status).rotation?.stage === "distributed" || undefined;
}

/** The Secret in which replicas of a CA share keys and state, as the Kubernetes API returns it. */
async function writeSecret(release: Release, directory: string, state: string): Promise<void> {
  await using cluster = await startFakeCluster();
  const callers = await createCallers(join(directory, "cluster-callers"));
  const place = { stateDirectory: join(directory, "replica"), flags: cluster.caFlags("kasbah-0") };
  const replica = await startCa(release, await createCaSettings({ ...place, callers }));
  await replica.stop();
  await writeFile(join(state, "secret.json"), `${JSON.stringify(cluster.secret(), null, 2)}\n`);
}
