import assert from "node:assert/strict";
import { batchOptions } from "./batch-options.ts";
import { chooseSampler } from "./choose-sampler.ts";

describe("Variables of OpenTelemetry", () => {
  let problems: string[];
  const onInvalid = (problem: string) => problems.push(problem);

  beforeEach(() => {
    problems = [];
  });

  it("choose the sampler, which follows the caller by default", () => {
    const nameOf = (environment: Readonly<Record<string, string>>) =>
      chooseSampler(environment, onInvalid).toString();
    assert.match(nameOf({}), /^ParentBased\{root=AlwaysOnSampler, /);
    assert.equal(nameOf({ OTEL_TRACES_SAMPLER: "always_off" }), "AlwaysOffSampler");
    assert.equal(
      nameOf({ OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.25" }),
      "TraceIdRatioBased{0.25}",
    );
    assert.match(
      nameOf({ OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: ".5" }),
      /root=TraceIdRatioBased\{0\.5\}/,
    );
    assert.deepEqual(problems, []);
  });

  it("turn traces off, with any sampler", () => {
    for (const off of [{ OTEL_SDK_DISABLED: "True" }, { OTEL_TRACES_EXPORTER: "none" }])
      assert.equal(
        chooseSampler({ ...off, OTEL_TRACES_SAMPLER: "always_on" }, onInvalid).toString(),
        "AlwaysOffSampler",
      );
    for (const on of [{ OTEL_SDK_DISABLED: "1" }, { OTEL_TRACES_EXPORTER: "otlp" }])
      assert.match(chooseSampler(on, onInvalid).toString(), /^ParentBased/);
  });

  it("have no effect if they are invalid, and the problem is reported without the value", () => {
    const environment = { OTEL_TRACES_SAMPLER: "__proto__", OTEL_TRACES_SAMPLER_ARG: "2" };
    assert.match(chooseSampler(environment, onInvalid).toString(), /^ParentBased\{root=AlwaysOnSampler, /);
    for (const value of ["0", "-1", "1e9", "many", "99999999"])
      assert.equal(batchOptions({ OTEL_BSP_MAX_QUEUE_SIZE: value }, onInvalid).maxQueueSize, 2048);
    assert.equal(problems.length, 7);
    assert.ok(problems.every((problem) => /^OTEL_\w+ is n/.test(problem) && !problem.includes("__proto__")));
  });

  it("bound the queue and the batch, which is never larger than the queue", () => {
    assert.deepEqual(batchOptions({}, onInvalid), {
      ...{ maxQueueSize: 2048, maxExportBatchSize: 512, scheduledDelayMillis: 5000 },
    });
    const { maxExportBatchSize } = batchOptions({ OTEL_BSP_MAX_QUEUE_SIZE: "20" }, onInvalid);
    assert.equal(maxExportBatchSize, 20);
  });
});
