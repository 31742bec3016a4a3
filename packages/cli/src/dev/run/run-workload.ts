import { join } from "node:path";
import { formatHostPort } from "@kasbah/runtime";
import { CliError } from "../../errors.ts";
import { rootPathIn } from "../../mesh/daemons/ca-arguments.ts";
import { caSpiffeIdOf } from "../../mesh/daemons/ca-endpoint.ts";
import { createSandbox, type Sandbox } from "../../mesh/local/sandbox.ts";
import { type Child, startChild } from "../../mesh/processes/child.ts";
import { findFreeAddresses } from "../../mesh/processes/free-ports.ts";
import type { RunningCa } from "../ca/ensure-ca.ts";
import type { DevDeps } from "../dev-deps.ts";
import type { DevStore } from "../folder/dev-store.ts";
import type { RunRecord } from "../folder/document.ts";
import type { Layout } from "../folder/layout.ts";
import { processMark } from "../process/process-mark.ts";
import { formatIdentity, workloadIdOf } from "../settings/identity.ts";
import { loadIssuer } from "../tokens.ts";
import { claimPorts, releasePorts } from "./claim-ports.ts";
import type { OutputLines } from "./output-lines.ts";
import type { RunPlan } from "./run-plan.ts";
import { hintAtSilentProgram } from "./silent-program.ts";
import { keepToken, writeNewToken } from "./token-renewal.ts";
import { createWorkloadServices, type WorkloadServices } from "./workload-services.ts";

/** What a run needs besides its plan. */
export interface RunDeps extends DevDeps {
  readonly envoyPath: string;
  readonly programPath: string;
  /** The program can read keys of a terminal. */
  readonly hasTerminal: boolean;
  readonly output: OutputLines;
}

const stopGraceMs = 10_000;
/** Ctrl-C reaches a program in the foreground directly; it may need a moment to end by itself. */
const ownEndMs = 5000;

/**
 * Runs the agent, Envoy and the program until one of them ends or the signal comes, and ends the others. Returns the
 * program's exit code.
 *
 * @throws CliError `PORT_TAKEN`, `UPSTREAM_UNKNOWN`, `NOT_READY`, or `PROCESS_FAILED` if the agent or Envoy ended first
 */
export async function runWorkload(
  plan: RunPlan,
  running: RunningCa,
  place: { readonly layout: Layout; readonly store: DevStore },
  deps: RunDeps,
): Promise<number> {
  const [statusAddress, adminAddress] = await findFreeAddresses(2);
  if (statusAddress === undefined || adminAddress === undefined) throw new RangeError("too few addresses");
  const run = await recordOf(plan, statusAddress, deps);
  await claimPorts(run, place.store, deps);
  const sandbox = await createSandbox({ ...deps, prefix: "kasbah-dev-" });
  const ended = new AbortController();
  try {
    const issuer = await loadIssuer(place.layout.tokens);
    const token = { path: join(sandbox.deps.runDirectory, "token"), issuer, identity: plan.identity };
    await writeNewToken(token, deps.clock);
    const renewal = keepToken(token, deps.clock, ended.signal);
    const settings = {
      ca: endpointOf(running, place.layout),
      trustDomain: running.trustDomain,
      tokenPath: token.path,
      statusAddress,
      adminAddress,
    };
    const services = await createWorkloadServices(plan, settings, deps.output, sandbox.deps);
    const say = (text: string) => deps.output.takeFrom("dev")(`${text}\n`, "stderr");
    renewal.catch((error: Error) => say(`cannot renew the token: ${error.message}`));
    return await runParts(plan, running.trustDomain, services, sandbox, say, deps, ended.signal);
  } finally {
    ended.abort();
    await sandbox.close();
    await releasePorts(run, place.store).catch(() => undefined);
  }
}

async function runParts(
  plan: RunPlan,
  trustDomain: string,
  { agent, envoy }: WorkloadServices,
  sandbox: Sandbox,
  say: (text: string) => void,
  deps: RunDeps,
  ended: AbortSignal,
): Promise<number> {
  let program: Child | undefined;
  try {
    for (const service of [agent, envoy]) {
      await service.start();
      await service.ready();
    }
    announce(plan, trustDomain, say);
    program = await startUserProgram(plan, sandbox, deps);
    void hintAtSilentProgram(plan.listen, say, deps.clock, ended);
    const first = await Promise.race([
      program.ended.then(() => undefined),
      agent.ended.then((how) => `the agent ended (${how})`),
      envoy.ended.then((how) => `Envoy ended (${how})`),
      untilAborted(deps.signal),
    ]);
    if (first !== undefined) {
      throw new CliError("PROCESS_FAILED", `${first}, so everything was stopped: see its last lines above`);
    }
    if (deps.signal.aborted) await endProgram(program, deps);
    return await program.exitCode;
  } finally {
    if (!plan.verbose) deps.output.mute("agent", "envoy");
    await program?.stop(stopGraceMs);
    await envoy.stop();
    await agent.stop();
  }
}

function startUserProgram(plan: RunPlan, sandbox: Sandbox, deps: RunDeps): Promise<Child> {
  const [, ...args] = plan.command;
  const spec = {
    name: plan.identity.serviceAccount,
    file: deps.programPath,
    args,
    env: deps.env,
    terminal: { foreground: deps.hasTerminal },
    onOutput: deps.output.takeFrom(plan.identity.serviceAccount),
  };
  return startChild(spec, sandbox.deps.reaper);
}

async function endProgram(program: Child, { hasTerminal, clock }: RunDeps): Promise<void> {
  const waited = new AbortController();
  if (hasTerminal) {
    const late = clock.sleep(ownEndMs, waited.signal).catch(() => undefined);
    await Promise.race([program.ended, late]);
  }
  waited.abort();
  await program.stop(stopGraceMs);
}

function announce(plan: RunPlan, trustDomain: string, say: (text: string) => void): void {
  say(`${formatIdentity(plan.identity)} is ${workloadIdOf(trustDomain, plan.identity)}`);
  for (const { address, appPort } of plan.listen) {
    say(`mTLS on ${shownAddress(address)}, forwarded to port ${appPort}`);
  }
  for (const { address, peer, target } of plan.upstreams) {
    say(`${shownAddress(address)} reaches ${formatIdentity(peer)} at ${formatHostPort(target)} by mTLS`);
  }
  say(`starting ${plan.command.join(" ")}`);
}

function shownAddress({ host, port }: { host: string; port: number }): string {
  return formatHostPort({ host: host === "127.0.0.1" ? "localhost" : host, port });
}

async function recordOf(
  { identity, listen, upstreams }: RunPlan,
  statusAddress: RunRecord["statusAddress"],
  deps: DevDeps,
): Promise<RunRecord> {
  return {
    pid: deps.pid,
    mark: (await processMark(deps.pid, deps)) ?? "",
    name: formatIdentity(identity),
    listen: [...listen],
    upstreams: upstreams.map(({ address, peer, target }) => ({
      address,
      peer: formatIdentity(peer),
      target,
    })),
    statusAddress,
  };
}

export function endpointOf({ ca, trustDomain }: RunningCa, { caState }: Layout) {
  return {
    grpcAddress: ca.grpcAddress,
    rootPath: rootPathIn(caState),
    spiffeId: caSpiffeIdOf(trustDomain),
  };
}

function untilAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}
