import type { PodCosts } from "./measure.ts";

const meshes = [100, 1_000, 5_000, 10_000];
const lifetimesHours = [24, 1];
const greedyPods = [1, 10, 100];
/** `--default-rate`. */
const ratePerMinute = 60;
const volumeBytes = 1024 ** 3;
/** The part of the volume that the ledger leaves free. */
const freeShare = 0.05;
const retentionDays = 365;
const minutesOfDay = 24 * 60;

/** The tables of docs/sizing.md. */
export function renderSizing(costs: PodCosts): string {
  const { idleMib, connectionKib, cpuMs, certificateBytes } = costs;
  return `One certificate: ${Math.round(certificateBytes)} bytes on disk, ${cpuMs.toFixed(1)} ms of CPU. An idle CA: ${Math.round(idleMib)} MiB; a connection: ${Math.round(connectionKib)} KiB.

${meshTable(costs)}
${attackTable(costs)}`;
}

function meshTable({ idleMib, connectionKib, cpuMs, certificateBytes }: PodCosts): string {
  const rows = lifetimesHours.flatMap((hours) =>
    meshes.map((pods) => {
      // Agents renew at half of the lifetime.
      const perDay = pods * (24 / (hours / 2));
      const bytes = perDay * certificateBytes;
      return [
        whole(pods),
        `${hours} h`,
        whole(perDay),
        megabytes(bytes),
        days(bytes),
        gibibytes(bytes * retentionDays),
        `${((perDay * cpuMs) / 86_400).toFixed(1)}`,
        `${Math.round(idleMib + (pods * connectionKib) / 1024)} MiB`,
      ];
    }),
  );
  const head = [
    ...["pods", "lifetime", "certificates a day", "ledger a day", "history in 1 GiB"],
    ...["volume for 365 days", "CPU, thousandths of a core", "memory, all pods connected"],
  ];
  return markdown(head, rows);
}

function attackTable({ certificateBytes }: PodCosts): string {
  const rows = greedyPods.map((pods) => {
    const perDay = pods * ratePerMinute * minutesOfDay;
    return [
      whole(pods),
      whole(perDay),
      megabytes(perDay * certificateBytes),
      days(perDay * certificateBytes),
    ];
  });
  return markdown(
    ["pods at the default rate", "certificates a day", "ledger a day", "history in 1 GiB"],
    rows,
  );
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return [line(head), `|${"---|".repeat(head.length)}\n`, ...rows.map(line)].join("");
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

function gibibytes(bytes: number): string {
  return `${(bytes / volumeBytes).toFixed(1)} GiB`;
}

function days(bytesPerDay: number): string {
  const value = (volumeBytes * (1 - freeShare)) / bytesPerDay;
  return value < 2 ? `${(value * 24).toFixed(0)} h` : `${whole(value)} days`;
}
