import assert from "node:assert/strict";
import { OutputLines } from "./output-lines.ts";

describe("The output of several programs", () => {
  function screen(colour = false) {
    const shown: string[] = [];
    const take = (text: string) => void shown.push(text);
    const lines = new OutputLines(["web", "agent"], { stdout: take, stderr: take, colour });
    return { lines, text: () => shown.join("") };
  }

  it("has the name of its program before each line, in columns", () => {
    const { lines, text } = screen();
    lines.takeFrom("web")("one\ntwo\n", "stdout");
    lines.takeFrom("agent")("three\n", "stderr");
    assert.equal(text(), "web   | one\nweb   | two\nagent | three\n");
  });

  it("shows a prompt without a line feed at once, and continues its line", () => {
    const { lines, text } = screen();
    const web = lines.takeFrom("web");
    web("name? ", "stdout");
    assert.equal(text(), "web   | name? ");
    web("hello\n", "stdout");
    assert.equal(text(), "web   | name? hello\n");
  });

  it("begins a new line if another program interrupts an open one", () => {
    const { lines, text } = screen();
    lines.takeFrom("web")("half", "stdout");
    lines.takeFrom("agent")("warning\n", "stderr");
    lines.takeFrom("web")("rest\n", "stdout");
    assert.equal(text(), "web   | half\nagent | warning\nweb   | rest\n");
  });

  it("keeps stdout and stderr apart", () => {
    const out: string[] = [];
    const err: string[] = [];
    const lines = new OutputLines(["web"], {
      stdout: (text) => void out.push(text),
      stderr: (text) => void err.push(text),
      colour: false,
    });
    lines.takeFrom("web")("data\n", "stdout");
    lines.takeFrom("web")("problem\n", "stderr");
    assert.deepEqual([out, err], [["web | data\n"], ["web | problem\n"]]);
  });

  it("shows nothing more of a program that is muted, and colours names on a terminal only", () => {
    const { lines, text } = screen(true);
    lines.mute("agent");
    lines.takeFrom("agent")("bye\n", "stderr");
    lines.takeFrom("web")("x\n", "stdout");
    assert.equal(text(), "\u001b[36mweb   | \u001b[0mx\n");
  });
});
