import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { createLogger, type LogFormat, type LogLevel } from "./log.ts";
import { Secret } from "./secret.ts";

/** A stream that stores its input; while `stuck`, it accepts one chunk and never asks for more. */
class Reader extends Writable {
  /** Sends the lines of this turn of the event loop. */
  flush: () => unknown = () => undefined;
  stuck = false;
  chunks = 0;
  #text = "";
  #release: (() => void) | undefined;

  get text(): string {
    this.flush();
    return this.#text;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.chunks += 1;
    this.#text += chunk.toString();
    if (this.stuck) this.#release = done;
    else done();
  }

  release(): void {
    this.stuck = false;
    this.#release?.();
  }
}

function setUp(level: LogLevel = "debug", format: LogFormat = "json") {
  const reader = new Reader();
  const logger = createLogger({ level, format, stream: reader });
  reader.flush = () => logger.flush();
  const lines = () => reader.text.split("\n").slice(0, -1);
  const events = (): Record<string, unknown>[] => lines().map((line) => JSON.parse(line));
  return { reader, logger, lines, events };
}

describe("createLogger", () => {
  it("prints one event per line and escapes characters that forge, hide or reorder text", () => {
    const { logger, reader, events } = setUp();
    const hostile = 'a\n{"level":"error","event":"forged"}\r\u001b[31m\u202egnp\u2028\u200b\u0085\0';
    logger.info(hostile, { [hostile]: hostile, nested: { list: [hostile] } });
    assert.equal(reader.text.match(/\n/g)?.length, 1);
    assert.match(reader.text.slice(0, -1), /^[^\p{Cc}\p{Cf}\u2028]*$/u);
    assert.match(JSON.stringify(events()[0]), /u202egnp/);
  });

  it("escapes such characters on a terminal as well", () => {
    const { logger, reader } = setUp("info", "pretty");
    logger.warn("careful", { workload: "x\u001b[2J\nINFO: forged\u202e" });
    assert.match(reader.text, /WARN.*careful.*forged/);
    assert.match(reader.text.slice(0, -1), /^[^\p{Cc}\p{Cf}]*$/u);
  });

  it("never prints a Secret, a PEM block or a token, wherever it occurs", () => {
    const { logger, reader } = setUp();
    const pem = "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----";
    const token = `eyJhbGciOiJFUzI1NiJ9.${"c3ViamVjdA".repeat(900)}.c2lnbmF0dXJl`;
    const error = Object.assign(new Error(`refused ${token}`, { cause: new Error(pem) }), {
      request: { token },
    });
    logger.error("failed", { secret: new Secret("hunter2"), pem, header: `Bearer ${token}`, error });
    logger.child({ secret: new Secret("hunter2"), token }).info("again", { list: [{ pem }] });
    assert.doesNotMatch(reader.text, /hunter2|MIGH|c3Vi|c2lnb|eyJ/);
  });

  it("prints an error's name, code, message and causes, and no other property", () => {
    const { logger, events } = setUp();
    const cause = Object.assign(new Error("connect"), { code: "ECONNREFUSED", address: "10.0.0.1" });
    logger.error("call failed", {
      error: Object.assign(new Error("no CA", { cause }), { code: "CA_UNREACHABLE" }),
    });
    assert.deepEqual(events()[0]?.["error"], {
      name: "Error",
      code: "CA_UNREACHABLE",
      message: "no CA",
      cause: { name: "Error", code: "ECONNREFUSED", message: "connect" },
    });
  });

  it("treats the number of a gRPC status as a code, so that an outage does not fill the log with stacks", () => {
    const { logger, events } = setUp();
    logger.warn("call failed", { error: Object.assign(new Error("connect"), { code: 14 }) });
    assert.deepEqual(events()[0]?.["error"], { name: "Error", code: 14, message: "connect" });
  });

  it("prints a stack for unexpected errors, which have no code", () => {
    const { logger, reader } = setUp();
    logger.error("fault", { error: new TypeError("x is not a function") });
    assert.match(reader.text, /"stack":\["at .*log\.test\.ts/);
  });

  it("accepts any fact without throwing", () => {
    const { logger, events } = setUp();
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    const loop = new Error("loop");
    loop.cause = loop;
    const trap = {
      get value() {
        throw new Error("no");
      },
    };
    const proxy = new Proxy({}, { ownKeys: () => assert.fail("trapped") });
    logger.info("odd", {
      circular,
      loop,
      trap,
      proxy,
      nothing: undefined,
      big: 10n ** 30n,
      nan: Number.NaN,
      symbol: Symbol("s"),
      fn: () => "source",
      bytes: new Uint8Array(32),
      date: new Date(Number.NaN),
      map: new Map(),
      bare: Object.create(null),
    });
    logger.info("odder", proxy);
    const odd = events()[0];
    assert.equal(odd?.["trap"], "[unreadable]");
    assert.equal(odd?.["bytes"], "[32 bytes]");
    assert.equal(odd?.["fn"], "[function]");
    assert.equal(events().length, 2);
  });

  it("prevents facts from replacing its own fields or prototypes", () => {
    const { logger, lines, events } = setUp();
    const facts: Record<string, unknown> = JSON.parse(
      '{"level":"x","time":"y","event":"z","__proto__":{"a":1}}',
    );
    logger.child(facts).warn("genuine", facts);
    assert.equal(events()[0]?.["level"], "warn");
    assert.equal(events()[0]?.["event"], "genuine");
    assert.equal(lines()[0]?.match(/"level":/g)?.length, 1);
    assert.equal(Object.hasOwn(Object.prototype, "a"), false);
  });

  it("redacts any text in linear time", () => {
    const { logger, events } = setUp();
    for (const text of ["eyJ".repeat(40_000), "-eyJ".repeat(30_000), "eyJaaaaaaaaa.".repeat(9000)]) {
      logger.info("long", { text });
    }
    assert.equal(events().length, 3);
    assert.ok(events().every((event) => JSON.stringify(event).length < 5000));
  });

  it("never waits for a stuck reader, drops lines beyond a megabyte and reports how many", async () => {
    const { logger, reader, events } = setUp();
    reader.stuck = true;
    for (let i = 0; i < 3000; i++) logger.info("filling", { text: "x".repeat(1000) });
    await logger.flush();
    assert.ok(reader.writableLength < 1.5 * 1024 * 1024);
    reader.release();
    await logger.flush();
    const warning = events().find((event) => event["dropped"] !== undefined);
    const written = events().filter((event) => event["event"] === "filling").length;
    assert.equal(warning?.["dropped"], 3000 - written);
    assert.ok(written < 3000);
  });

  it("writes the lines of one turn of the event loop together, and a warning at once", async () => {
    const { logger, reader, events } = setUp();
    reader.flush = () => undefined;
    for (let line = 0; line < 3; line += 1) logger.info("issued", { line });
    assert.equal(reader.chunks, 0);
    await new Promise(setImmediate);
    assert.equal(reader.chunks, 1);
    logger.info("issued", { line: 3 });
    logger.warn("careful", { line: 4 });
    assert.equal(reader.chunks, 2);
    assert.deepEqual(
      events().map(({ line }) => line),
      [0, 1, 2, 3, 4],
    );
  });

  it("keeps running after its reader disconnects", async () => {
    const { logger, reader } = setUp();
    reader.destroy(new Error("EPIPE"));
    logger.info("without a reader");
    await logger.flush();
    assert.equal(reader.text, "");
  });

  it("writes time, level and event, with the facts of its parents", () => {
    const { logger, events } = setUp();
    logger.child({ component: "sds" }).child({ stream: 1 }).info("secret published", { serial: "0a" });
    const { time, ...rest } = events()[0] ?? {};
    assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.deepEqual(rest, {
      level: "info",
      event: "secret published",
      component: "sds",
      stream: 1,
      serial: "0a",
    });
  });

  it("lets a later fact replace an earlier one of the same name", () => {
    const { logger, lines } = setUp();
    logger.child({ a: 1, hasOwnProperty: 1 }).child({ a: 2 }).info("x", { a: 3 });
    assert.equal(lines()[0]?.match(/"a":/g)?.length, 1);
  });

  it("starts each line with level and time and ends it with the event, regardless of the names of the facts", () => {
    const { logger, lines } = setUp();
    logger.info("numbers", { 7: "a", hasOwnProperty: 1 });
    logger.info("nothing");
    const withoutTime = lines().map((line) => line.replace(/"time":"[^"]+"/, '"time":"T"'));
    assert.deepEqual(withoutTime, [
      '{"level":"info","time":"T","7":"a","hasOwnProperty":1,"event":"numbers"}',
      '{"level":"info","time":"T","event":"nothing"}',
    ]);
  });

  it("prints short lines for people, with colors only on a terminal", () => {
    const { logger, reader } = setUp("info", "pretty");
    logger.error("failed", { code: 14 });
    assert.match(reader.text, /^\[\d\d:\d\d:\d\d\.\d{3}\] ERROR: failed \{"code":14\}\n$/);
    const terminal = Object.assign(new Reader(), { isTTY: true });
    createLogger({ level: "info", format: "pretty", stream: terminal }).warn("hello");
    assert.ok(terminal.text.endsWith("\u001b[33mWARN\u001b[39m: \u001b[36mhello\u001b[39m\n"));
  });

  it("omits events below its level", () => {
    const { logger, events } = setUp("warn");
    logger.debug("a");
    logger.info("b");
    logger.warn("c");
    logger.error("d");
    assert.deepEqual(
      events().map((event) => event["event"]),
      ["c", "d"],
    );
    const silent = setUp("silent");
    silent.logger.error("e");
    assert.equal(silent.reader.text, "");
  });

  it("prints pretty lines on a terminal and JSON elsewhere if the format is auto", () => {
    const terminal = Object.assign(new Reader(), { isTTY: true });
    createLogger({ level: "info", format: "auto", stream: terminal }).warn("hello", { a: 1 });
    assert.match(terminal.text, /hello/);
    assert.throws(() => JSON.parse(terminal.text));
    const { logger, events } = setUp("info", "auto");
    logger.info("hello");
    assert.equal(events()[0]?.["event"], "hello");
  });
});
