import { errnoOf, printableText } from "@kasbah/runtime";
import { critical, type DoctorFinding } from "../report.ts";

export interface FailedDial {
  /** The address of the CA. */
  readonly name: string;
  readonly error: unknown;
  /** How far the connection came in time; undefined if it failed before. */
  readonly progress: string | undefined;
  /** The proxy on the way. */
  readonly proxy: string | undefined;
}

interface Explanation {
  readonly code: string;
  readonly fix: string;
}

const closed = "check that the CA runs, the port of --ca-address, and the Service's endpoints";
const filtered = "check NetworkPolicies, firewalls and routes between this machine and the CA";

const byErrno: Readonly<Record<string, Explanation>> = {
  ENOTFOUND: {
    code: "CA_NAME_UNRESOLVED",
    fix: "correct the name in --ca-address (CA_ADDR): the DNS of this machine does not know it",
  },
  EAI_AGAIN: {
    code: "CA_NAME_UNRESOLVED",
    fix: "check the DNS servers in /etc/resolv.conf and NetworkPolicies for port 53: none of them answers",
  },
  ECONNREFUSED: { code: "CA_CONNECTION_REFUSED", fix: closed },
  EHOSTUNREACH: { code: "CA_NO_ROUTE", fix: filtered },
  ENETUNREACH: { code: "CA_NO_ROUTE", fix: filtered },
  ETIMEDOUT: { code: "CA_TIMEOUT", fix: filtered },
  ECONNRESET: {
    code: "CA_CONNECTION_LOST",
    fix: "find out what answers at this address: a load balancer without a backend, a firewall, or another server; kasbah-server serves workloads on port 15012",
  },
};

const otherServer: Explanation = {
  code: "CA_OTHER_SERVER",
  fix: "correct --ca-address: something other than a CA answers there; kasbah-server serves workloads on port 15012",
};

const page = "docs/agent-rotation.md";

/** Says why no connection to a CA came about. */
export function explainDial({ name, error, progress, proxy }: FailedDial): DoctorFinding {
  const words = printableText(progress ?? wordsOf(error), 500);
  const what = `cannot connect to the CA at ${name}: ${words}`;
  if (proxy !== undefined) {
    const fix =
      "check that the proxy runs and permits the CA's port, correct --ca-proxy, or list the CA in --ca-no-proxy";
    return critical("ca", "CA_PROXY_FAILED", { what, fix, page });
  }
  if (progress !== undefined) {
    const fix = `${filtered}; if the connection was accepted, check that a CA listens there and is not overloaded`;
    return critical("ca", "CA_TIMEOUT", { what, fix, page });
  }
  const { code, fix } = explanationOf(error);
  return critical("ca", code, { what, fix, page });
}

function explanationOf(error: unknown): Explanation {
  const errnos = errnosIn(error);
  const known = Object.entries(byErrno).find(([errno]) => errnos.includes(errno));
  // Without a system call that failed, a server has answered with something that is not TLS with HTTP/2.
  return known?.[1] ?? otherServer;
}

/** Each address of a name fails for its own reason. */
function errnosIn(error: unknown): readonly string[] {
  if (error instanceof AggregateError) return error.errors.flatMap(errnosIn);
  const errno = errnoOf(error);
  if (errno !== undefined) return [errno];
  return error instanceof Error && error.cause !== undefined ? errnosIn(error.cause) : [];
}

function wordsOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(wordsOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}
