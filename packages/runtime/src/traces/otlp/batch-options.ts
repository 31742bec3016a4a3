type Environment = Readonly<Record<string, string | undefined>>;

/** How many spans wait for their export, and for how long. */
export interface BatchOptions {
  readonly maxQueueSize: number;
  readonly maxExportBatchSize: number;
  readonly scheduledDelayMillis: number;
}

/** A span takes about two kilobytes. */
const mostSpans = 65_536;
const longestDelayMs = 60_000;

/** The settings of `OTEL_BSP_*`, which the SDK leaves to its callers, with the defaults of OpenTelemetry. */
export function batchOptions(environment: Environment, onInvalid: (problem: string) => void): BatchOptions {
  const read = (name: string, usual: number, most: number) => {
    const text = environment[name];
    if (text === undefined || text === "") return usual;
    const number = /^\d{1,9}$/.test(text) ? Number(text) : 0;
    if (number >= 1 && number <= most) return number;
    onInvalid(`${name} is not a whole number from 1 to ${most}`);
    return usual;
  };
  const maxQueueSize = read("OTEL_BSP_MAX_QUEUE_SIZE", 2048, mostSpans);
  return {
    maxQueueSize,
    maxExportBatchSize: Math.min(read("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512, mostSpans), maxQueueSize),
    scheduledDelayMillis: read("OTEL_BSP_SCHEDULE_DELAY", 5_000, longestDelayMs),
  };
}
