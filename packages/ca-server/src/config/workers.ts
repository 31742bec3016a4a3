import { option, schema } from "@kasbah/runtime";

const most = 64;
/** The main process cannot keep more of them busy. */
const mostChosen = 4;

/** How many processes serve the gRPC port. */
export const workerOptions = {
  workers: option({
    flag: "--workers <n|auto>",
    env: "KASBAH_WORKERS",
    help: `number of processes that serve the gRPC port: 1 means that the CA is one process; auto means as many as there are processors, at most ${mostChosen}`,
    schema: schema.parsed(parseWorkers, "whole number, or auto"),
    default: "1",
    group: "General",
  }),
};

function parseWorkers(text: string): number | "auto" {
  if (text === "auto") return text;
  const count = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > most) throw new TypeError(`expected auto or a whole number from 1 to ${most}`);
  return count;
}

/** @param processors that the CA may keep busy */
export function workersOf({ workers }: { readonly workers: number | "auto" }, processors: number): number {
  return workers === "auto" ? Math.min(processors, mostChosen) : workers;
}
