import { formatHostPort, type HostPort } from "@kasbah/runtime";
import {
  type ProbeAnswer,
  probeServer,
  probeUnverified,
  type ServerRejection,
  type TlsTarget,
} from "@kasbah/runtime/grpc-http2";
import { explainRejectedServer } from "../../ca/rejected-server.ts";
import { checkServerIdentity } from "../../ca/server-identity.ts";
import { createTunnels } from "../../ca/tunnels.ts";
import type { AgentConfig } from "../../config/options.ts";
import { caRootPath } from "../../config/places.ts";
import { AgentError } from "../../errors.ts";
import {
  critical,
  type DoctorFinding,
  isCritical,
  isFinding,
  type Observation,
  passed,
  warning,
} from "../report.ts";
import { explainDial } from "./explain-dial.ts";
import { clockFinding, clockOffsetOf, judgeOffset } from "./judge-offset.ts";

const page = "docs/agent-rotation.md";

export interface CaCheckOptions {
  readonly config: AgentConfig;
  readonly rootsPem: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
  readonly deadlineMs: number;
}

/** The result for one address. */
export interface CaCheck {
  readonly address: HostPort;
  readonly observations: readonly Observation[];
  /** Whether its certificate has no issuer among the trusted roots. */
  readonly isUntrusted: boolean;
}

/** Connects to each CA as the agent does, without a credential. If one can be reached, the others are warnings. */
export async function checkCas(options: CaCheckOptions): Promise<readonly CaCheck[]> {
  const checks = await Promise.all(options.config.caAddresses.map((one) => checkCa(one, options)));
  const isReached = checks.some(({ observations }) => observations.every((one) => !isCritical(one)));
  if (!isReached) return checks;
  return checks.map((check) => ({ ...check, observations: check.observations.map(lowered) }));
}

function lowered(one: Observation): Observation {
  return isFinding(one) && one.area !== "clock" ? { ...one, level: "warning" } : one;
}

/** Connects to one CA, and says what is wrong. */
export async function checkCa(address: HostPort, options: CaCheckOptions): Promise<CaCheck> {
  const { config, rootsPem, environment, now, deadlineMs } = options;
  const { caServerName: serverName, caSpiffeId, caProxy: setting, caNoProxy: except } = config;
  const tunnel = createTunnels({ setting, except, environment })(address);
  let rejection: ServerRejection | undefined;
  let mismatch: AgentError | undefined;
  let describe = () => "nothing was tried";
  const target: TlsTarget = {
    address,
    rootsPem,
    tunnel,
    ...(serverName === undefined ? {} : { serverName }),
    onRejection: (seen) => {
      rejection = seen;
    },
    verifyServer(leaf) {
      if (caSpiffeId === "none") return;
      try {
        checkServerIdentity(leaf, caSpiffeId, address);
      } catch (error) {
        if (error instanceof AgentError) mismatch = error;
        throw error;
      }
    },
  };
  const late = AbortSignal.timeout(deadlineMs);
  const name = formatHostPort(address);
  const result = (observations: readonly Observation[], isUntrusted = false) => ({
    address,
    observations,
    isUntrusted,
  });
  try {
    const onProgress = (next: typeof describe) => {
      describe = next;
    };
    return result(judgeAnswer(name, await probeServer(target, { now, signal: late, onProgress })));
  } catch (error) {
    if (mismatch !== undefined) {
      const fix = "find out what answers at this address, or correct --ca-spiffe-id";
      return result([critical("ca", mismatch.code, { what: mismatch.message, fix, page })]);
    }
    if (rejection !== undefined) {
      return { address, ...(await judgeRejection(rejection, target, options)) };
    }
    const progress = late.aborted ? `no answer within ${deadlineMs / 1_000} s: ${describe()}` : undefined;
    return result([explainDial({ name, error, progress, proxy: tunnel?.name })]);
  }
}

function judgeAnswer(name: string, answer: ProbeAnswer): readonly Observation[] {
  if (!answer.isGrpc) {
    const what = `a server with a trusted certificate answers at ${name}, but it is not a CA: it answered HTTP status ${answer.httpStatus} without gRPC`;
    const fix = "correct --ca-address: kasbah-server serves workloads on port 15012";
    return [critical("ca", "CA_OTHER_SERVER", { what, fix, page })];
  }
  const clock = judgeOffset(answer.time);
  if (answer.isServing === false) {
    const what = `the CA at ${name} answers, but is not ready to issue certificates`;
    const fix = "look at the CA: kasbah status, or its /healthz/ready";
    return [warning("ca", "CA_NOT_READY", { what, fix }), ...clock];
  }
  return [passed("ca", `${name} answers, and a trusted root verifies its certificate`), ...clock];
}

async function judgeRejection(
  rejection: ServerRejection,
  target: TlsTarget,
  { config, rootsPem, now, deadlineMs }: CaCheckOptions,
): Promise<Omit<CaCheck, "address">> {
  const { serverName = target.address.host } = target;
  const trust = { rootsPem, rootsPlace: caRootPath(config) };
  const { kind, problem, fix } = explainRejectedServer(rejection, { ...trust, serverName, now: now() });
  const name = formatHostPort(target.address);
  const what = `cannot trust the server at ${name}: ${problem}`;
  const at = (finding: DoctorFinding) => ({
    observations: [finding],
    isUntrusted: kind === "unknown-issuer",
  });
  const advice = { what, page, fix: fix ?? "find out what answers at this address" };
  if (kind === "unknown-issuer") return at(critical("root", "CA_NOT_TRUSTED", advice));
  if (kind === "names") return at(critical("ca", "CA_NAME_MISMATCH", advice));
  if (kind !== "early" && kind !== "late") return at(critical("ca", "CA_CERTIFICATE_INVALID", advice));
  const signal = AbortSignal.timeout(deadlineMs);
  const answer = await probeUnverified(target, { now, signal }).catch(() => undefined);
  const offsetMs = clockOffsetOf(answer?.time);
  if (offsetMs !== undefined && Math.abs(offsetMs) >= 60_000) {
    return at(clockFinding(offsetMs, "by the time that the server sends, which is not verified", problem));
  }
  if (kind === "early") return at(critical("clock", "CLOCK_BEHIND", advice));
  return at(critical("ca", "CA_CERTIFICATE_EXPIRED", advice));
}
