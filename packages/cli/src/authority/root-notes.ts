import type {
  AuthorityMessage,
  AuthorityStatusMessage,
  OutstandingRequestMessage,
  RootClientMessage,
} from "@kasbah/protocol";
import { printableText } from "@kasbah/runtime";
import { plainTime } from "../output/relative-time.ts";
import { table } from "../output/table.ts";
import type { Look } from "../output/terminal/look.ts";

/** More would hide the rest of the answer; `--json` has them all. */
const maxShown = 20;

const kinds = { "old-root": "shows only other roots", unknown: "shows no roots" } as const;

/** What to replace in the root files of clients, and by when; "" if nothing. */
export function rootNotes(status: AuthorityStatusMessage, look: Look): string {
  const successor = status.authorities.findLast(({ kind, trusted }) => kind === "root" && trusted);
  const bridged = status.authorities.flatMap((one) => bridgeNote(one, successor));
  return [
    ...bridged.map((line) => `${line}\n`),
    clientsNote(status, successor, look),
    requestsNote(status),
  ].join("");
}

function bridgeNote(
  { id, acceptedUntil }: AuthorityMessage,
  successor: AuthorityMessage | undefined,
): string[] {
  if (acceptedUntil === undefined || successor === undefined || successor.id === id) return [];
  const until = plainTime(acceptedUntil);
  const root = `${successor.id} (SHA-256 ${successor.fingerprint.slice(0, 16)})`;
  return [
    printableText(
      `clients whose root file contains only ${id} accept the CA until ${until}: add ${root} to these files by then`,
    ),
  ];
}

function requestsNote({ requests = [] }: AuthorityStatusMessage): string {
  const line = ({ id, expiresAt }: OutstandingRequestMessage) =>
    printableText(`${id} waits for a signed chain until ${plainTime(expiresAt)} (kasbah authority adopt)`);
  return requests.map((each) => `${line(each)}\n`).join("");
}

function clientsNote(
  { rootClients = [] }: AuthorityStatusMessage,
  successor: AuthorityMessage | undefined,
  look: Look,
): string {
  if (rootClients.length === 0 || successor === undefined) return "";
  const rows = rootClients.slice(0, maxShown).map(rowOf);
  const more = rootClients.length - rows.length;
  const rest = more === 0 ? "" : `${more} more (use --json to list)\n`;
  const head = `clients that have not shown that they hold ${successor.id}:\n`;
  return `${printableText(head.trimEnd())}\n${table([["CLIENT", "ADDRESS", "PROGRAM", "ROOTS"], ...rows], { ...look, elastic: [0, 2] })}${rest}`;
}

function rowOf({ spiffeId, address, program, kind }: RootClientMessage): string[] {
  return [spiffeId, address, program === "" ? "-" : program, kinds[kind]];
}
