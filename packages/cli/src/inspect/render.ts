import { formatDuration, printableText } from "@kasbah/runtime";
import { authorityTone, leafTone } from "../output/terminal/expiry-tone.ts";
import { type Look, plainLook } from "../output/terminal/look.ts";
import { paint, type Tone } from "../output/terminal/paint.ts";
import type { CertificateView } from "./certificate-view.ts";

/** Everything to print about one target. */
export interface Report {
  readonly target: string;
  readonly chain: readonly CertificateView[];
  readonly roots?: readonly CertificateView[];
  /** One line for each block that is not a usable certificate. */
  readonly skipped?: readonly string[];
  /** The command that shows the same leaf independently. */
  readonly openssl: string;
}

/**
 * Renders aligned text for people. Names are untrusted: control characters are escaped, never sent to the
 * terminal.
 */
export function renderReport(
  { target, chain, roots, skipped = [], openssl }: Report,
  look: Look = plainLook,
): string {
  const titled = [
    ...chain.map((view, index) => ({ title: titleOf(view, index), view })),
    ...(roots ?? []).map((view) => ({ title: "trust bundle", view })),
  ];
  const blocks = titled.map(({ title, view }) =>
    [paint(title, "strong", look), ...renderCertificate(view, look)].join("\n"),
  );
  const unusable = skipped.map(
    (block) => `${paint("not usable", "warning", look)}\n  ${printableText(block, 500)}`,
  );
  return `${[printableText(target), ...blocks, ...unusable, `verify with openssl\n  ${openssl}`].join("\n\n")}\n`;
}

function titleOf({ kind }: CertificateView, index: number): string {
  if (index === 0)
    return kind === "authority"
      ? "certificate authority"
      : `${kind === "workload" ? "workload " : ""}certificate`;
  return "next in the chain";
}

function renderCertificate(view: CertificateView, look: Look): string[] {
  const names = [...view.uriNames, ...view.dnsNames.map((name) => `DNS ${name}`), ...view.ipAddresses];
  const rows: [string, string][] = [
    ...(view.spiffeId ? ([["SPIFFE ID", view.spiffeId]] as [string, string][]) : []),
    ...(view.principal ? ([["principals", `"${view.principal}"`]] as [string, string][]) : []),
    ...(view.spiffeId ? [] : names.map((name): [string, string] => ["name", name])),
    ["key", view.keyType],
    ["serial", view.serial],
    ["SHA-256", view.fingerprint],
    ["valid", `${plainTime(view.notBefore)} to ${plainTime(view.notAfter)}, ${remaining(view)}`],
  ];
  const tone = toneOf(view);
  return rows.map(([label, value]) => {
    const shown = printableText(value);
    return `  ${paint(label.padEnd(12), "quiet", look)}${label === "valid" ? paint(shown, tone, look) : shown}`;
  });
}

function toneOf({ kind, notBefore, notAfter, remainingMs }: CertificateView): Tone | undefined {
  const [from, until] = [new Date(notBefore), new Date(notAfter)];
  const now = new Date(until.getTime() - remainingMs);
  const tone =
    kind === "authority" ? authorityTone(until, now) : leafTone({ notBefore: from, notAfter: until }, now);
  return from > now ? "critical" : tone;
}

function plainTime(iso: string): string {
  return iso.replace(/\.000Z$/, "Z");
}

function remaining({ remainingMs }: CertificateView): string {
  const text = coarse(Math.abs(remainingMs));
  return remainingMs < 0 ? `expired ${text} ago` : `${text} left`;
}

/** The two largest units of a duration. */
function coarse(ms: number): string {
  const [text] = /^(?:\d+[dhms]){1,2}/.exec(formatDuration(Math.floor(ms / 1000) * 1000)) ?? ["0s"];
  return text;
}
