import { readFile } from "node:fs/promises";
import { errnoOf, writeFileDurably } from "@kasbah/runtime";
import { z } from "zod";
import type { KnownTime } from "./state.ts";

/** A moment at which the clock was trusted. */
export interface TimeRecord {
  readonly trustedMs: number;
  readonly bootMs: number;
  readonly bootId: string | undefined;
  /** Continues on the same boot of the machine. */
  readonly time: KnownTime;
}

const known = z.object({
  offsetMs: z.number(),
  anchoredAtBootMs: z.number(),
  former: z.array(z.object({ offsetMs: z.number(), leftAtBootMs: z.number() })),
  arrival: z
    .object({ atBootMs: z.number(), floorMs: z.number(), gapMs: z.number().optional() })
    .transform(({ gapMs, ...rest }) => ({ ...rest, gapMs }))
    .optional(),
  ceilingMs: z.number().optional(),
  accepted: z.boolean().optional(),
});

const recordSchema = z.object({
  format: z.literal(1),
  trustedMs: z.number(),
  bootMs: z.number(),
  bootId: z.string().optional(),
  time: known,
});

/** The content of the file, for people who read it as well. */
function encodeRecord({ trustedMs, bootMs, bootId, time }: TimeRecord): string {
  const { offsetMs, anchoredAtBootMs, former, arrival, ceilingMs, accepted } = time;
  const readable = new Date(trustedMs).toISOString();
  const kept = { offsetMs, anchoredAtBootMs, former, arrival, ceilingMs, accepted };
  const record = { format: 1, trusted: readable, trustedMs, bootMs, bootId, time: kept };
  return `${JSON.stringify(record, undefined, 2)}\n`;
}

/** Undefined for a file that this release does not recognize. */
function parseRecord(text: string): TimeRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const read = recordSchema.safeParse(value);
  if (!read.success) return undefined;
  const { trustedMs, bootMs, bootId, time } = read.data;
  return { trustedMs, bootMs, bootId, time };
}

/** The record in a file. */
export interface RecordFile {
  /** Undefined if there is none, or if it is damaged: then nothing is known, as before the first record. */
  read(): Promise<TimeRecord | undefined>;
  write(record: TimeRecord): Promise<void>;
}

export function recordFile(path: string): RecordFile {
  return {
    async read() {
      try {
        return parseRecord(await readFile(path, "utf8"));
      } catch (error) {
        if (errnoOf(error) === "ENOENT") return undefined;
        throw error;
      }
    },
    write: (record) => writeFileDurably(path, encodeRecord(record), 0o600),
  };
}
