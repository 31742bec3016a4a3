import { formatDuration, formatHostPort, type HostPort, printableText } from "@kasbah/runtime";
import type { StatusPageObject } from "./ask-agent.ts";

type Row = readonly [string, string];

/**
 * Formats the status as rows. A field missing from the document has no row, so the status of another release
 * can be shown as well.
 */
export function statusText(document: StatusPageObject, address: HostPort): string {
  const head = `kasbah-agent ${text(document, "version")} at ${formatHostPort(address)}: ${text(document, "state")}\n`;
  const rows = [
    ...listed("not ready", document, "reasons"),
    ...listed("warning", document, "warnings"),
    ...certificateRows(document),
    ...rootRows(document),
    ...servedRow(document),
    ...consumerRows(document),
    ...caRow(document),
    ...failureRows(document),
    ...sdsRow(document),
    ...refusedRows(document),
  ];
  const width = Math.max(...rows.map(([name]) => name.length), 0);
  return head + rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}\n`).join("");
}

function certificateRows(document: StatusPageObject): readonly Row[] {
  const of = (name: string) => text(document, "certificate", name);
  if (of("spiffeId") === "") return [["certificate", "none yet"]];
  return [
    ["SPIFFE ID", of("spiffeId")],
    ["serial", of("serial")],
    ["fingerprint", of("fingerprint")],
    ["valid", `${of("notBefore")} to ${of("notAfter")}, ${timeLeft(document)}`],
    ["rotation", `due at ${of("rotateAt")}`],
  ];
}

function timeLeft(document: StatusPageObject): string {
  const seconds = Number(text(document, "certificate", "secondsLeft"));
  if (seconds <= 0) return `expired ${formatDuration(-seconds * 1000)} ago`;
  return `${formatDuration(seconds * 1000)} left`;
}

function rootRows(document: StatusPageObject): readonly Row[] {
  return items(document, "trustBundle").map((root) => [
    "root",
    `${text(root, "fingerprint")} until ${text(root, "notAfter")} (${text(root, "subject")})`,
  ]);
}

function servedRow(document: StatusPageObject): readonly Row[] {
  const served = items(document, "resources").map((one) => `${text(one, "name")} ${text(one, "version")}`);
  return served.length === 0 ? [] : [["served", served.join(", ")]];
}

function consumerRows(document: StatusPageObject): readonly Row[] {
  return items(document, "consumers").map((consumer) => {
    const of = (name: string) => text(consumer, name);
    const deadline = of("deadline") === "" ? "no certificate yet" : `a certificate until ${of("deadline")}`;
    const failed = of("failures") === "0" ? "" : `, then failed runs: ${of("failures")}`;
    return [`application (${of("kind")})`, `loaded ${deadline}${failed}`] as const;
  });
}

function caRow(document: StatusPageObject): readonly Row[] {
  const addresses = items(document, "ca", "addresses").map((address) => text(address));
  const offset = text(document, "ca", "clockOffsetMs");
  const clock = offset === "" ? "" : `; its clock is ${clockDifference(Number(offset))} the local clock`;
  return addresses.length === 0 ? [] : [["CA", `${addresses.join(", ")}${clock}`]];
}

function clockDifference(offsetMs: number): string {
  return `${Math.abs(Math.round(offsetMs))} ms ${offsetMs < 0 ? "behind" : "ahead of"}`;
}

function failureRows(document: StatusPageObject): readonly Row[] {
  const of = (name: string) => text(document, "lastFailure", name);
  if (of("code") === "") return [];
  const again = formatDuration(Number(of("retryInMs")));
  const failed: Row = [
    "last failure",
    `${of("code")} (${of("failures")} in a row; retried after ${again}) ${of("message")}`,
  ];
  return [failed, ...(of("fix") === "" ? [] : [["fix", of("fix")] as const])];
}

function sdsRow(document: StatusPageObject): readonly Row[] {
  const streams = text(document, "sds", "streams");
  if (streams === "") return [];
  return [
    [
      "SDS",
      `${streams} open ${streams === "1" ? "stream" : "streams"}, ${text(document, "sds", "nacks")} rejected responses (NACK)`,
    ],
  ];
}

/** The last NACK of each client. */
function refusedRows(document: StatusPageObject): readonly Row[] {
  return items(document, "sds", "clients").flatMap((client) => {
    const names = items(client, "lastNack", "names").map((name) => text(name));
    if (names.length === 0) return [];
    const said = `${names.join(", ")} by ${text(client, "node")}: ${text(client, "lastNack", "complaint")}`;
    return [["rejected", said] as const];
  });
}

function listed(name: string, document: StatusPageObject, member: string): readonly Row[] {
  return items(document, member).map((item) => [name, text(item)]);
}

/** The text or number at a path, escaped for a terminal; "" if missing. */
function text(value: unknown, ...path: readonly string[]): string {
  const found = at(value, path);
  if (typeof found === "number") return String(found);
  return typeof found === "string" ? printableText(found, 1_000) : "";
}

function items(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = at(value, path);
  return Array.isArray(found) ? found : [];
}

function at(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    if (typeof found !== "object" || found === null) return undefined;
    found = Object.getOwnPropertyDescriptor(found, name)?.value;
  }
  return found;
}
