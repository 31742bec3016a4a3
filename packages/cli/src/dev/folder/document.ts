import { z } from "zod";

/** The format of `dev.json`. A release that changes it must read the earlier ones, or refuse them by number. */
export const documentVersion = 1;

const address = z.object({ host: z.string(), port: z.number() });

/** A process that kasbah dev started: a pid alone may belong to another program after a restart of the machine. */
const process = z.object({ pid: z.number(), mark: z.string() });

const ca = process.extend({ grpcAddress: address, httpAddress: address });

const run = process.extend({
  name: z.string(),
  listen: z.array(z.object({ address, appPort: z.number() })),
  upstreams: z.array(z.object({ address, peer: z.string(), target: address })),
  statusAddress: address,
});

const certificate = z.object({ name: z.string(), directory: z.string(), notAfter: z.string() });

const document = z.object({
  version: z.literal(documentVersion),
  trustDomain: z.string(),
  /** Absent until the CA has started, and after `kasbah dev down`. */
  ca: ca.optional(),
  /** The ports of the last CA, which the next one uses again. */
  ports: z.object({ grpc: z.number(), http: z.number() }).optional(),
  runs: z.array(run),
  certificates: z.array(certificate),
});

export type ProcessRecord = z.infer<typeof process>;
export type CaRecord = z.infer<typeof ca>;
export type RunRecord = z.infer<typeof run>;
export type DevDocument = z.infer<typeof document>;

export function createDevDocument(trustDomain: string): DevDocument {
  return { version: documentVersion, trustDomain, runs: [], certificates: [] };
}

/** @throws ZodError if another program wrote the value */
export function parseDevDocument(value: unknown): DevDocument {
  return document.parse(value);
}

/** The version of a document of any release; undefined if it has none. */
export function documentVersionOf(value: unknown): number | undefined {
  const parsed = z.object({ version: z.number() }).safeParse(value);
  return parsed.success ? parsed.data.version : undefined;
}

/** Runs start in any order, and are shown in the order of their names. */
export function byName(runs: readonly RunRecord[]): readonly RunRecord[] {
  return runs.toSorted((one, other) => one.name.localeCompare(other.name, "en") || one.pid - other.pid);
}
