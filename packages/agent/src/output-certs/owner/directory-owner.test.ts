import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { lstat, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import {
  eventually,
  type RecordingLogger,
  recordingLogger,
  rejectsWithCode,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { DirectoryOwner, markName } from "./directory-owner.ts";

const apartFlags = ["-Urpf", "--mount-proc", "--kill-child"];
const mayUnshare = () => spawnSync("unshare", [...apartFlags, "true"]).status === 0;

describe("DirectoryOwner", () => {
  let ground: TemporaryDirectory;
  let directory: string;
  let logger: RecordingLogger;
  let owners: DirectoryOwner[];

  beforeEach(async () => {
    ground = await temporaryDirectory();
    directory = ground.join("certs");
    await mkdir(directory);
    logger = recordingLogger();
    owners = [];
  });
  afterEach(async () => {
    for (const owner of owners) await owner.release();
    await ground.remove();
  });

  const create = (name: string, place = directory) => {
    const owner = new DirectoryOwner({ directory: place, describe: () => name, logger });
    owners.push(owner);
    return owner;
  };

  it("refuses a second agent in one directory while the first one lives, and names the first one", async () => {
    await create("spiffe://t/ns/a/sa/first, process 7 on pod").hold();
    const error = await rejectsWithCode(create("second").hold(), "OUTPUT_DIRECTORY_IN_USE");
    assert.match(error.message, /another agent \(spiffe:\/\/t\/ns\/a\/sa\/first, process 7 on pod\) writes/);
  });

  it("admits the second agent as soon as the first one stops, and leaves no mark at the end", async () => {
    const [first, second] = [create("first"), create("second")];
    await first.hold();
    await first.release();
    await second.hold();
    await second.release();
    assert.deepEqual(await readdir(directory), []);
  });

  for (const inOther of ["the same PID namespace", "another PID namespace"] as const) {
    it(`takes over at once from an agent in ${inOther} that was killed, and not before`, async function () {
      if (inOther === "another PID namespace" && !mayUnshare()) this.skip();
      const script = `
        import { DirectoryOwner } from ${JSON.stringify(new URL("directory-owner.ts", import.meta.url).href)};
        const logger = { warn: console.error };
        await new DirectoryOwner({ directory: process.argv[1], describe: () => "killed soon", logger }).hold();
        console.log("held");
        setInterval(() => {}, 1000);
      `;
      const node = [
        process.execPath,
        "--conditions=kasbah-source",
        "--input-type=module",
        "-e",
        script,
        directory,
      ];
      const apart = inOther === "another PID namespace" ? ["unshare", ...apartFlags] : [];
      const [command = "", ...args] = [...apart, ...node];
      const cwd = fileURLToPath(new URL(".", import.meta.url));
      const other = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "inherit"] });
      const exited = once(other, "exit");
      await once(other.stdout, "data");
      const owner = create("successor");
      await rejectsWithCode(owner.hold(), "OUTPUT_DIRECTORY_IN_USE");
      other.kill("SIGKILL");
      await exited;
      await eventually(() =>
        owner.hold().then(
          () => true,
          () => false,
        ),
      );
      assert.equal(await owner.isHeld(), true);
      await rejectsWithCode(create("third").hold(), "OUTPUT_DIRECTORY_IN_USE");
    });
  }

  it("admits exactly one of many agents that start together on a dead mark", async () => {
    for (let round = 0; round < 10; round += 1) {
      const dead = create("dead");
      await dead.hold();
      await rename(`${directory}/${markName}`, ground.join("mark"));
      await dead.release();
      await rename(ground.join("mark"), `${directory}/${markName}`);
      const starters = Array.from({ length: 8 }, (_, at) => create(`starter ${at}`));
      await Promise.allSettled(starters.map((starter) => starter.hold()));
      const held = await Promise.all(starters.map((starter) => starter.isHeld()));
      assert.equal(held.filter(Boolean).length, 1);
      for (const starter of starters) await starter.release();
    }
    assert.deepEqual(await readdir(directory), []);
  });

  it("marks the directory again if the mark or the directory was removed, and loses to an agent that was faster", async () => {
    const first = create("first");
    await first.hold();
    await rm(`${directory}/${markName}`);
    assert.equal(await first.isHeld(), false);
    await first.hold();
    await rm(directory, { recursive: true });
    await mkdir(directory);
    await first.hold();
    assert.equal(await first.isHeld(), true);
    await rm(`${directory}/${markName}`);
    await create("second").hold();
    await rejectsWithCode(first.hold(), "OUTPUT_DIRECTORY_IN_USE");
    assert.equal(await first.isHeld(), false);
  });

  it("replaces a copy of a mark that is no socket", async () => {
    await writeFile(`${directory}/${markName}`, "");
    await create("first").hold();
    assert.ok((await lstat(`${directory}/${markName}`)).isSocket());
  });

  it("marks a directory whose path is too long for a socket", async () => {
    const deep = `${directory}/${"d".repeat(150)}`;
    await mkdir(deep);
    await create("first", deep).hold();
    await rejectsWithCode(create("second", deep).hold(), "OUTPUT_DIRECTORY_IN_USE");
  });

  it("warns once and works without a mark where none can be made", async () => {
    await mkdir(`${directory}/${markName}`);
    const owner = create("first");
    await owner.hold();
    await owner.hold();
    assert.equal(await owner.isHeld(), true);
    assert.equal(logger.events.filter(({ level }) => level === "warn").length, 1);
  });
});
