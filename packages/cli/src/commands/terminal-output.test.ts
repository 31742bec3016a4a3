import assert from "node:assert/strict";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { runKasbah } from "./run-kasbah.fixture.ts";

const ESC = "\u001b";
const visible = (text: string) => text.replaceAll(new RegExp(`${ESC}\\[[\\d;]*m`, "g"), "");

describe("Output on a terminal", () => {
  let directory: TemporaryDirectory;
  const env = () => ({ KASBAH_STATE_DIR: directory.join("ca") });

  before(async () => {
    directory = await temporaryDirectory();
    const { error } = await runKasbah(["init", "--intermediate-ttl", "240h"], { env: env() });
    assert.equal(error, undefined);
  });
  after(() => directory.remove());

  async function onTerminal(columns: number, ...argv: string[]) {
    let said = "";
    const write = (text: string) => {
      said += text;
    };
    const screen = { write, colour: true, interactive: true, columns };
    const { error } = await runKasbah(argv, { env: env(), screen });
    assert.equal(error, undefined);
    return said;
  }
  const inPipe = async (...argv: string[]) => (await runKasbah(argv, { env: env() })).said;

  it("fits the authorities into 80 columns with the distance of each expiry, and colors those that expire soon", async () => {
    const said = await onTerminal(80, "authority", "list");
    const lines = visible(said).trimEnd().split("\n");
    assert.deepEqual(
      lines.filter((line) => line.length > 80),
      [],
    );
    assert.match(lines[2] ?? "", /^intermediate-1 +active +yes +P-256 +in 10d +[0-9a-f]{16}$/);
    assert.match(said, new RegExp(`${ESC}\\[33min 10d${ESC}`));
  });

  it("shows the exact times with --wide, on a wide terminal and in a pipe", async () => {
    const piped = await inPipe("authority", "list");
    assert.match(piped, /2030-01-11T00:00:00Z \(in 10d\)/);
    assert.equal(visible(await onTerminal(80, "authority", "list", "--wide")), piped);
    assert.equal(visible(await onTerminal(120, "authority", "list")), piped);
  });

  it("colors the levels of kasbah check, whose text stays the same", async () => {
    const said = await onTerminal(80, "check");
    assert.match(said, new RegExp(`${ESC}\\[33mWARNING ${ESC}\\[0m  intermediate-1`));
    assert.match(said, new RegExp(`${ESC}\\[1;31mUNREACHABLE${ESC}\\[0m\n$`));
    assert.equal(visible(said), await inPipe("check"));
  });

  it("has no color in JSON and in a pipe", async () => {
    const json = await onTerminal(80, "authority", "list", "--json");
    assert.equal(json, await inPipe("authority", "list", "--json"));
    for (const text of [json, await inPipe("authority", "list"), await inPipe("check")])
      assert.ok(!text.includes(ESC), text);
  });
});
