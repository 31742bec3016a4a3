import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace";

type Environment = Readonly<Record<string, string | undefined>>;

/** The samplers of `OTEL_TRACES_SAMPLER`, which the SDK leaves to its callers. */
const samplers: Readonly<Record<string, (ratio: number) => Sampler>> = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (ratio) => new TraceIdRatioBasedSampler(ratio),
  parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  parentbased_traceidratio: (ratio) => new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
};

const usual = "parentbased_always_on";

/** Chooses the sampler of the environment. A value that is none leads to the default, as OpenTelemetry requires. */
export function chooseSampler(environment: Environment, onInvalid: (problem: string) => void): Sampler {
  if (isTurnedOff(environment)) return new AlwaysOffSampler();
  const { OTEL_TRACES_SAMPLER: name = usual, OTEL_TRACES_SAMPLER_ARG: argument } = environment;
  const isKnown = Object.hasOwn(samplers, name);
  if (!isKnown && name !== "")
    onInvalid(`OTEL_TRACES_SAMPLER is none of ${Object.keys(samplers).join(", ")}`);
  const chosen = samplers[isKnown ? name : usual];
  if (chosen === undefined) throw new TypeError(`no sampler ${usual}`);
  return chosen(ratioOf(argument, onInvalid));
}

/** OpenTelemetry lets any case of `true` turn its SDK off, and no other value. */
function isTurnedOff({ OTEL_SDK_DISABLED: disabled, OTEL_TRACES_EXPORTER: exporter }: Environment): boolean {
  return disabled?.toLowerCase() === "true" || exporter === "none";
}

function ratioOf(argument: string | undefined, onInvalid: (problem: string) => void): number {
  if (argument === undefined || argument === "") return 1;
  const ratio = /^(?:\d+|\d*\.\d+)$/.test(argument) ? Number(argument) : Number.NaN;
  if (ratio >= 0 && ratio <= 1) return ratio;
  onInvalid("OTEL_TRACES_SAMPLER_ARG is not a number from 0 to 1");
  return 1;
}
