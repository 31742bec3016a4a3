import { formatDuration, formatHostPort, type HostPort } from "@kasbah/runtime";
import type { StatusPageObject } from "./ask-agent.ts";
import { itemsAt, type Row, textAt } from "./document-fields.ts";
import { gatewayText, isGatewayName, isGatewayWarning } from "./gateway-text.ts";

/**
 * Formats the status as rows. A field missing from the document has no row, so the status of another release
 * can be shown as well.
 */
export function statusText(document: StatusPageObject, address: HostPort): string {
  const head = `kasbah-agent ${textAt(document, "version")} at ${formatHostPort(address)}: ${textAt(document, "state")}\n`;
  const rows = [
    ...listed("not ready", document, "reasons"),
    ...listed("warning", document, "warnings").filter(([, warning]) => !isGatewayWarning(warning)),
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
  const lines = rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}\n`);
  return head + lines.join("") + gatewayText(document);
}

function certificateRows(document: StatusPageObject): readonly Row[] {
  const of = (name: string) => textAt(document, "certificate", name);
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
  const seconds = Number(textAt(document, "certificate", "secondsLeft"));
  if (seconds <= 0) return `expired ${formatDuration(-seconds * 1000)} ago`;
  return `${formatDuration(seconds * 1000)} left`;
}

function rootRows(document: StatusPageObject): readonly Row[] {
  return itemsAt(document, "trustBundle").map((root) => [
    "root",
    `${textAt(root, "fingerprint")} until ${textAt(root, "notAfter")} (${textAt(root, "subject")})`,
  ]);
}

function servedRow(document: StatusPageObject): readonly Row[] {
  const served = itemsAt(document, "resources")
    .map((one) => `${textAt(one, "name")} ${textAt(one, "version")}`)
    .filter((one) => !isGatewayName(one));
  return served.length === 0 ? [] : [["served", served.join(", ")]];
}

function consumerRows(document: StatusPageObject): readonly Row[] {
  return itemsAt(document, "consumers").map((consumer) => {
    const of = (name: string) => textAt(consumer, name);
    const deadline = of("deadline") === "" ? "no certificate yet" : `a certificate until ${of("deadline")}`;
    const failed = of("failures") === "0" ? "" : `, then failed runs: ${of("failures")}`;
    return [`application (${of("kind")})`, `loaded ${deadline}${failed}`] as const;
  });
}

function caRow(document: StatusPageObject): readonly Row[] {
  const addresses = itemsAt(document, "ca", "addresses").map((address) => textAt(address));
  const offset = textAt(document, "ca", "clockOffsetMs");
  const clock = offset === "" ? "" : `; its clock is ${clockDifference(Number(offset))} the local clock`;
  return addresses.length === 0 ? [] : [["CA", `${addresses.join(", ")}${clock}`]];
}

function clockDifference(offsetMs: number): string {
  return `${Math.abs(Math.round(offsetMs))} ms ${offsetMs < 0 ? "behind" : "ahead of"}`;
}

function failureRows(document: StatusPageObject): readonly Row[] {
  const of = (name: string) => textAt(document, "lastFailure", name);
  if (of("code") === "") return [];
  const again = formatDuration(Number(of("retryInMs")));
  const failed: Row = [
    "last failure",
    `${of("code")} (${of("failures")} in a row; retried after ${again}) ${of("message")}`,
  ];
  return [failed, ...(of("fix") === "" ? [] : [["fix", of("fix")] as const])];
}

function sdsRow(document: StatusPageObject): readonly Row[] {
  const streams = textAt(document, "sds", "streams");
  if (streams === "") return [];
  return [
    [
      "SDS",
      `${streams} open ${streams === "1" ? "stream" : "streams"}, ${textAt(document, "sds", "nacks")} rejected responses (NACK)`,
    ],
  ];
}

const maxRefusedRows = 8;

/** The last NACK of each client; those of gateway names are in the table of gateway names. */
function refusedRows(document: StatusPageObject): readonly Row[] {
  const rows = itemsAt(document, "sds", "clients").flatMap((client): readonly Row[] => {
    const names = itemsAt(client, "lastNack", "names").map((name) => textAt(name));
    if (names.every(isGatewayName)) return [];
    const complaint = textAt(client, "lastNack", "complaint");
    return [["rejected", `${names.join(", ")} by ${textAt(client, "node")}: ${complaint}`]];
  });
  const more = rows.length - maxRefusedRows;
  if (more <= 0) return rows;
  return [...rows.slice(0, maxRefusedRows), ["rejected", `and by ${more} more clients, see --json`]];
}

function listed(name: string, document: StatusPageObject, member: string): readonly Row[] {
  return itemsAt(document, member).map((item) => [name, textAt(item)]);
}
