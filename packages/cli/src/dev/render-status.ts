import { formatHostPort } from "@kasbah/runtime";
import { fieldLines } from "../output/field-lines.ts";
import { relativeTime, timeAndDistance } from "../output/relative-time.ts";
import { table } from "../output/table.ts";
import { type Look, plainLook } from "../output/terminal/look.ts";
import type { DevStatus } from "./status.ts";

/** Formats the status for people. */
export function renderDevStatus(status: DevStatus, now: Date, look: Look = plainLook): string {
  const { ca, root } = status;
  const expiry = (notAfter: string | undefined) =>
    notAfter === undefined ? "unknown" : timeAndDistance(new Date(notAfter), now);
  const expiryCell = (notAfter: string | undefined) =>
    notAfter === undefined
      ? "unknown"
      : {
          text: expiry(notAfter),
          short: relativeTime(new Date(notAfter), now),
          tone: new Date(notAfter) <= now ? ("critical" as const) : undefined,
        };
  const fields = fieldLines(
    [
      ["folder", status.folder],
      ["trust domain", status.trustDomain],
      ca.address === undefined ? ["CA", "stopped", "warning"] : ["CA", `${ca.address}, pid ${ca.pid}`],
      ["root", root.path],
      ["root expires", expiry(root.notAfter)],
    ],
    look,
  );
  const rows = [
    ...status.runs
      .toSorted(byName)
      .map((run) => [run.name, portsOf(run), expiryCell(run.notAfter), `pid ${run.pid}`]),
    ...status.certificates.map(({ name, directory, notAfter }) => [
      name,
      "files",
      expiryCell(notAfter),
      directory,
    ]),
  ];
  const identities =
    rows.length === 0
      ? "no identity runs: start one with kasbah dev run\n"
      : table([["IDENTITY", "PORTS", "EXPIRES", "WHERE"], ...rows], { ...look, elastic: [0, 1, 3] });
  const hint = ca.running ? "" : "the CA is stopped: run kasbah dev up to start it\n";
  return `${fields}\n${identities}${hint}`;
}

/** Programs that start at the same time are listed in the same order each time. */
const byName = (one: { readonly name: string }, other: { readonly name: string }) =>
  one.name < other.name ? -1 : 1;

/** `8443:8080, 9001=demo/api@localhost:9443`, as on the command line. */
function portsOf({ listen, upstreams }: DevStatus["runs"][number]): string {
  return [
    ...listen.map(({ address, appPort }) => `${address.port}:${appPort}`),
    ...upstreams.map(({ address, peer, target }) => `${address.port}=${peer}@${formatHostPort(target)}`),
  ].join(", ");
}
