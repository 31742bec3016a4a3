import assert from "node:assert/strict";
import { Counter, Gauge, Histogram, Registry } from "./index.ts";

function setUp() {
  const registry = new Registry();
  const about = (name: string) => ({ name, help: "Help.", registers: [registry] });
  return { registry, about };
}

describe("Registry", () => {
  it("escapes labels and help texts that would forge lines", async () => {
    const { registry } = setUp();
    const help = "a\\b\n# TYPE forged counter\nforged 1";
    new Counter({ name: "calls", help, labelNames: ["why"], registers: [registry] }).inc({
      why: 'a"} 7\nforged 1 \\',
    });
    const text = await registry.metrics();
    assert.equal(
      text,
      '# HELP calls a\\\\b\\n# TYPE forged counter\\nforged 1\n# TYPE calls counter\ncalls{why="a\\"} 7\\nforged 1 \\\\"} 1\n',
    );
  });

  it("rejects a second metric of the same name, an invalid name, and undeclared labels", () => {
    const { about } = setUp();
    const gauge = new Gauge({ ...about("a"), labelNames: ["x"] });
    assert.throws(() => new Counter(about("a")), /already registered/);
    assert.throws(() => new Counter(about("a b")), /not a valid metric name/);
    const typo: Record<string, string> = { y: "1" };
    assert.throws(() => gauge.set(typo, 1), /expected labels x, got y/);
  });

  it("exposes a counter without labels from the start, and one with labels after its first increase", async () => {
    const { registry, about } = setUp();
    const plain = new Counter(about("plain"));
    const labelled = new Counter({ ...about("labelled"), labelNames: ["code"] });
    assert.match(await registry.metrics(), /^plain 0\n\n# HELP labelled Help\.\n# TYPE labelled counter\n$/m);
    plain.inc();
    plain.inc(2);
    labelled.inc({ code: "A" });
    labelled.inc({ code: "B" }, 0.5);
    labelled.inc({ code: "A" });
    assert.match(
      await registry.metrics(),
      /^plain 3$[\s\S]*^labelled\{code="A"\} 2\nlabelled\{code="B"\} 0\.5$/m,
    );
  });

  it("rejects a decrease of a counter", () => {
    const counter = new Counter(setUp().about("a"));
    assert.throws(() => counter.inc(-1), RangeError);
    assert.throws(() => counter.inc(Number.NaN), RangeError);
  });

  it("calls a gauge at each scrape, and formats NaN and infinity", async () => {
    const { registry, about } = setUp();
    const values = [1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 1e-7];
    new Gauge({
      ...about("g"),
      collect() {
        this.set(values.shift() ?? 0);
      },
    });
    const seen: (string | undefined)[] = [];
    for (let count = 0; count < 5; count += 1) seen.push((await registry.metrics()).trim().split(" ").at(-1));
    assert.deepEqual(seen, ["1", "+Inf", "-Inf", "NaN", "1e-7"]);
  });

  it("forgets the labels of a gauge after a reset", async () => {
    const { registry, about } = setUp();
    const gauge = new Gauge({ ...about("g"), labelNames: ["id"] });
    gauge.set({ id: 1 }, 5);
    gauge.reset();
    gauge.set({ id: 2 }, 6);
    assert.match(await registry.metrics(), /gauge\ng\{id="2"\} 6\n$/);
  });

  it("counts an observation in its bucket and all above it", async () => {
    const { registry, about } = setUp();
    const histogram = new Histogram({ ...about("h"), buckets: [0.1, 1] });
    for (const value of [0.1, 0.5, 1, 7, Number.NaN]) histogram.observe(value);
    const lines = (await registry.metrics()).split("\n").slice(2, -1);
    assert.deepEqual(lines, [
      'h_bucket{le="0.1"} 1',
      'h_bucket{le="1"} 3',
      'h_bucket{le="+Inf"} 4',
      "h_sum 8.6",
      "h_count 4",
    ]);
  });
});
