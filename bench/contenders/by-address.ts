import { readFileSync } from "node:fs";
import { parseHostPort } from "@kasbah/runtime";
import type { Contender } from "./contender.ts";

/** A CA that someone else started, such as istiod. */
export interface GivenCa {
  readonly address: string;
  readonly rootFile: string;
  /** Its process on this machine, for CPU and memory. */
  readonly pid: number | undefined;
}

export function givenCa({ address, rootFile, pid }: GivenCa): Contender {
  const { host, port } = parseHostPort(address);
  const rootsPem = readFileSync(rootFile, "utf8");
  return {
    name: address,
    dialect: "istio",
    isPeer: true,
    whyNot: ({ rootKey, workers, tokens }) =>
      rootKey === "P-256" && workers === 1 && tokens === "jwks"
        ? undefined
        : `${address} runs as it was started: ${rootKey} and ${workers} workers are not measured`,
    start: async () => ({
      pid,
      target: { dialect: "istio", host, port, rootsPem },
      stop: async () => undefined,
    }),
  };
}
