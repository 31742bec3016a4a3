import type { DistrustPreviewMessage, HolderMessage } from "@kasbah/protocol";
import { printableText } from "@kasbah/runtime";
import { fieldLines } from "../output/field-lines.ts";
import { relativeTime, timeAndDistance } from "../output/relative-time.ts";
import { type Cell, table } from "../output/table.ts";
import { type Look, plainLook } from "../output/terminal/look.ts";

const shownHolders = 20;

/** Renders what distrusting an authority would do: who is concerned, until when, and what breaks. */
export function renderDistrust(preview: DistrustPreviewMessage, now: Date, look: Look = plainLook): string {
  const { id, removed, signer, creates, leaves, identities, pods, holdersUnknown } = preview;
  const others = removed.filter((one) => one !== id);
  const created =
    creates === "root"
      ? "a new root, which the CA creates first"
      : "a new intermediate, which the CA creates first";
  const lines = fieldLines(
    [
      ["removes", others.length === 0 ? id : `${id}, and under it ${others.join(", ")}`],
      ["keys", "destroyed at once; this cannot be undone"],
      ["signs then", creates === "" ? signer : created],
      ["in use", holdersUnknown === "" ? usage(leaves, identities, pods) : `unknown: ${holdersUnknown}`],
      ["until", untilOf(preview, now)],
    ],
    look,
  );
  return `dry run: nothing has changed\n${lines}\nwhat breaks\n${breaksOf(preview, now)}${holderTable(preview, now, look)}`;
}

function usage(leaves: number, identities: number, pods: number): string {
  if (leaves === 0) return "no unexpired certificate";
  const one = (count: number, noun: string, plural = `${noun}s`) => `${count} ${count === 1 ? noun : plural}`;
  return `${one(leaves, "unexpired certificate")} of ${one(identities, "identity", "identities")}, now used by ${one(pods, "workload")}`;
}

function untilOf({ holders, holdersUnknown, leavesUntil }: DistrustPreviewMessage, now: Date): string {
  const last = holders[0]?.notAfter ?? (holdersUnknown === "" ? undefined : leavesUntil);
  return last === undefined ? "" : `${timeAndDistance(last, now)}, when the last of them expires`;
}

function breaksOf(preview: DistrustPreviewMessage, now: Date): string {
  return (preview.kind === "root" ? rootBreaks(preview) : intermediateBreaks(preview, now))
    .map((line) => `  ${printableText(line)}\n`)
    .join("");
}

function rootBreaks({ id, leaves, holdersUnknown, changesRoot }: DistrustPreviewMessage): string[] {
  const mesh =
    leaves === 0 && holdersUnknown === ""
      ? ["Nothing in the mesh: no workload uses a certificate of it."]
      : [
          `A workload that has renewed rejects the certificates under ${id}. One that has not renewed rejects new ones`,
          "until its root file contains the new root. For each workload this ends when it renews: agents do so at about",
          "half of the lifetime. Restart the workloads to end it sooner.",
        ];
  const clients = changesRoot
    ? [
        "The CA itself presents a certificate under the new root at once: a client whose root file does not contain it",
        "cannot renew. In a cluster the CA updates its root ConfigMap; replace every other root file yourself.",
      ]
    : [];
  return [...mesh, ...clients];
}

function intermediateBreaks({ id, acceptedUntil }: DistrustPreviewMessage, now: Date): string[] {
  if (acceptedUntil === undefined) return ["Nothing: the root above it is not trusted any more."];
  return [
    "Nothing in the mesh. A workload that authenticates to the CA by a certificate of it must send a token again.",
    `But workloads know only roots: they keep accepting every certificate signed with the key of ${id}`,
    `until ${timeAndDistance(acceptedUntil, now)}. To end that, distrust the root above it as well.`,
  ];
}

function holderTable({ holders, identities }: DistrustPreviewMessage, now: Date, look: Look): string {
  if (holders.length === 0) return "";
  const header = ["IDENTITY", "WORKLOADS", "CERTIFICATES", "LAST EXPIRES"];
  const shown = holders.slice(0, shownHolders);
  const more = identities - shown.length;
  const rest = more > 0 ? `and ${more} more (--json lists up to 200)\n` : "";
  return `\n${table([header, ...shown.map((holder) => rowOf(holder, now))], { ...look, elastic: [0] })}${rest}`;
}

function rowOf({ spiffeId, pods, leaves, notAfter }: HolderMessage, now: Date): (string | Cell)[] {
  const expiry = { text: timeAndDistance(notAfter, now), short: relativeTime(notAfter, now) };
  return [spiffeId, String(pods), String(leaves), expiry];
}
