import { z } from "zod";

/** One event of a watch. */
export interface WatchEvent {
  readonly type: string;
  readonly object: unknown;
  /** The version of the watch after this event; undefined if the object does not carry one. */
  readonly version: string | undefined;
}

const eventSchema = z.object({ type: z.string(), object: z.unknown() });
const versionSchema = z.object({ metadata: z.object({ resourceVersion: z.string().min(1) }) });
const failureSchema = z.object({ code: z.number() });

/** @throws Error if the line is not an event, or if the event reports that the API server ends the watch */
export function readWatchEvent(line: string): WatchEvent {
  const event = eventSchema.safeParse(parseJson(line));
  if (!event.success) throw new Error("a line of the watch is not an event");
  const { type, object } = event.data;
  if (type === "ERROR") {
    const code = failureSchema.safeParse(object).data?.code ?? "an error";
    throw new Error(`the API server ended the watch with ${code}`);
  }
  return { type, object, version: versionSchema.safeParse(object).data?.metadata.resourceVersion };
}

/**
 * Compares two versions as numbers, if both are. The API only guarantees that a single watch never goes
 * backwards.
 */
export function isOlder(version: string, than: string): boolean {
  if (!isDecimal(version) || !isDecimal(than)) return false;
  return version.length === than.length ? version < than : version.length < than.length;
}

const isDecimal = (version: string) => /^[1-9][0-9]*$/.test(version);

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
