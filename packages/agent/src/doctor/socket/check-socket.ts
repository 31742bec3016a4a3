import { once } from "node:events";
import type { Stats } from "node:fs";
import { lstat } from "node:fs/promises";
import { createConnection } from "node:net";
import { resolve } from "node:path";
import { getegid, geteuid } from "node:process";
import { MeshError } from "@kasbah/pki";
import { errnoOf } from "@kasbah/runtime";
import { explainReadFailure } from "@kasbah/runtime/read-failure";
import { RpcError } from "@kasbah/runtime/rpc";
import type { AgentConfig } from "../../config/options.ts";
import { sdsSocketPath } from "../../config/socket-options.ts";
import { describeExpiry } from "../../secret/validity.ts";
import type { AgentAnswer } from "../agent-view.ts";
import { critical, type DoctorFinding, type Observation, passed, warning } from "../report.ts";
import { fetchServed, type ServedSecret } from "./fetch-served.ts";

const page = "docs/agent-status.md";
const answerMs = 3_000;
/** For an agent that says that it has no certificate. */
const shortAnswerMs = 500;
const connectMs = 2_000;

export interface SocketCheck {
  readonly observations: readonly Observation[];
  readonly served: ServedSecret | undefined;
}

/** Connects to the SDS socket as Envoy does. */
export async function checkSocket(
  config: Pick<AgentConfig, "sdsSocket" | "sdsSocketFile" | "sdsSocketMode">,
  agent: AgentAnswer,
  now: Date,
): Promise<SocketCheck> {
  const path = resolve(sdsSocketPath(config));
  const found = await lstat(path).catch((error: unknown) => error);
  const problem =
    found instanceof Error || !("mode" in Object(found))
      ? await absence(path, found, agent)
      : await connectionProblem(path, found as Stats, agent);
  if (problem !== undefined) return { observations: [problem], served: undefined };
  const hasNone = agent.kind === "running" && agent.view.certificate === undefined;
  const wait = { mode: config.sdsSocketMode, deadlineMs: hasNone ? shortAnswerMs : answerMs };
  return judgeServed(path, found as Stats, wait, now);
}

async function absence(path: string, error: unknown, agent: AgentAnswer): Promise<DoctorFinding> {
  if (agent.kind !== "running") return notRunning(`there is no SDS socket at ${path}, and ${agent.problem}`);
  const { reason } = await explainReadFailure(path, error);
  const what = `kasbah-agent runs, but the SDS socket ${path} cannot be found: ${reason}`;
  const fix = "mount the volume of the socket here, or set --sds-socket to the path that the agent serves";
  return critical("socket", "SOCKET_MISSING", { what, fix, page });
}

function notRunning(what: string): DoctorFinding {
  const fix =
    "start kasbah-agent (kubectl describe pod, systemctl status kasbah-agent@NAME), or set --sds-socket and --status-address as the agent has them";
  return critical("socket", "AGENT_NOT_RUNNING", { what, fix, page });
}

async function connectionProblem(
  path: string,
  stats: Stats,
  agent: AgentAnswer,
): Promise<DoctorFinding | undefined> {
  const whose = `belongs to uid ${stats.uid}, gid ${stats.gid} with mode ${modeOf(stats)}`;
  if (!stats.isSocket()) {
    const what = `${path} is not a socket; it ${whose}`;
    return critical("socket", "SOCKET_INVALID", { what, fix: "remove it, or correct --sds-socket", page });
  }
  const errno = await connectErrno(path);
  if (errno === undefined) return undefined;
  if (errno === "EACCES" || errno === "EPERM") {
    const what = `the SDS socket ${path} ${whose}, and this process, with uid ${geteuid?.()}, gid ${getegid?.()}, may not connect to it`;
    const fix =
      "run Envoy and the doctor as the agent's user, or set --sds-socket-mode 0660 with a common group (fsGroup)";
    return critical("socket", "SOCKET_FORBIDDEN", { what, fix, page });
  }
  if (agent.kind !== "running") {
    return notRunning(`no process listens on the SDS socket ${path} (${errno}), and ${agent.problem}`);
  }
  const what = `no process listens on the SDS socket ${path} (${errno}), although kasbah-agent runs: an earlier agent left it`;
  return critical("socket", "SOCKET_DEAD", {
    what,
    fix: "set --sds-socket to the path that the agent serves, or restart the agent",
    page,
  });
}

async function connectErrno(path: string): Promise<string | undefined> {
  const socket = createConnection(path);
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(connectMs) });
    return undefined;
  } catch (error) {
    return errnoOf(error) ?? "no answer";
  } finally {
    socket.destroy();
  }
}

async function judgeServed(
  path: string,
  stats: Stats,
  { mode, deadlineMs }: { readonly mode: number; readonly deadlineMs: number },
  now: Date,
): Promise<SocketCheck> {
  try {
    const served = await fetchServed(path, deadlineMs);
    return { observations: [...modeProblem(path, stats, mode), judge(path, stats, served, now)], served };
  } catch (error) {
    if (!(error instanceof RpcError || error instanceof MeshError)) throw error;
    const what = `the process that listens on ${path} does not serve SDS as kasbah-agent does: ${error.message}`;
    const fix = "find out which process listens there (ss -xlp), or correct --sds-socket";
    const finding = critical("socket", "SOCKET_OTHER_SERVER", { what, fix, page });
    return { observations: [finding], served: undefined };
  }
}

function modeProblem(path: string, stats: Stats, mode: number): readonly Observation[] {
  if ((stats.mode & 0o777) === mode) return [];
  const expected = mode.toString(8).padStart(4, "0");
  const what = `the SDS socket ${path} has the mode ${modeOf(stats)}, but --sds-socket-mode is ${expected}`;
  const fix = "restart the agent with this setting, or give the doctor the agent's settings";
  return [warning("socket", "SOCKET_MODE", { what, fix, page })];
}

function judge(path: string, stats: Stats, { leaf, bundle }: ServedSecret, now: Date): Observation {
  if (leaf === undefined || bundle === undefined) {
    const name = leaf === undefined ? "default" : "ROOTCA";
    const what = `the agent serves no ${name} on ${path} yet: it has no certificate`;
    const fix = "fix the failure of its renewal; if there is none, wait for its first certificate";
    return critical("socket", "SECRET_MISSING", { what, fix, page });
  }
  const [id = "no SPIFFE ID"] = leaf.uriNames;
  const what = `${path} serves ${id}, serial ${leaf.serial}, which ${describeExpiry(leaf.notAfter, now)}`;
  if (leaf.notAfter > now) {
    return passed("socket", `${what}; uid ${stats.uid}, gid ${stats.gid}, mode ${modeOf(stats)}`);
  }
  const fix = "fix the failure of its renewal";
  return critical("socket", "SECRET_EXPIRED", { what, fix, page });
}

function modeOf({ mode }: Stats): string {
  return (mode & 0o777).toString(8).padStart(4, "0");
}
