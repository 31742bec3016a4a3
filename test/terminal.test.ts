import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { currentKasbah } from "./harness/kasbah-command.ts";
import { kasbahBin } from "./harness/repository.ts";

const ESC = "\u001b";

/** Runs a program in a terminal of a given width. */
const inTerminal = `
import fcntl, os, pty, struct, sys, termios
columns, *command = sys.argv[1:]
child, terminal = pty.fork()
if child == 0:
    # The width must be set before the program reads it.
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(columns), 0, 0))
    os.execvp(command[0], command)
while True:
    try: text = os.read(terminal, 65536)
    except OSError: break
    if not text: break
    os.write(1, text)
os.waitpid(child, 0)
`;

describe("kasbah in a terminal", () => {
  let directory: TemporaryDirectory;
  before(async () => {
    directory = await temporaryDirectory();
    await currentKasbah(["init", "--state-dir", directory.join("ca"), "--intermediate-ttl", "240h"]);
  });
  after(() => directory.remove());

  async function list(columns: number, env: Readonly<Record<string, string>> = {}): Promise<string> {
    const command = [process.execPath, kasbahBin, "authority", "list", "--state-dir", directory.join("ca")];
    const options = { env: { PATH: process.env["PATH"] ?? "", TERM: "xterm", ...env } };
    const { stdout } = await promisify(execFile)(
      "python3",
      ["-c", inTerminal, `${columns}`, ...command],
      options,
    );
    return stdout.replaceAll("\r\n", "\n");
  }

  it("colors what expires soon and fits 80 columns if the terminal has no size", async () => {
    const said = await list(0);
    assert.match(said, new RegExp(`${ESC}\\[33min 9d 23h${ESC}`));
    assert.ok(!said.includes("Z (in 9d 23h)"), said);
  });

  it("has no color with NO_COLOR, and on a terminal that has none", async () => {
    for (const env of [{ NO_COLOR: "1" }, { TERM: "dumb" }]) {
      const said = await list(80, env);
      assert.match(said, / in 9d 23h /);
      assert.ok(!said.includes(ESC), JSON.stringify(said));
    }
  });
});
