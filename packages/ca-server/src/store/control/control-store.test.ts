import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { DurableFs } from "@kasbah/runtime";
import { systemClock } from "@kasbah/runtime";
import {
  crashStates,
  faultyFs,
  materialise,
  recordingFs,
  recordingLogger,
  rejectsWithCode,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { ControlStore } from "./control-store.ts";

interface State {
  readonly count: number;
  readonly recoveries: number;
}

const codec = {
  encode: ({ count, recoveries }: State) => ({ count, recoveries }),
  decode: (value: unknown): State => {
    if (typeof value !== "object" || value === null || !("count" in value) || !("recoveries" in value)) {
      throw new TypeError("no state");
    }
    return { count: Number(value.count), recoveries: Number(value.recoveries) };
  },
};
const first: State = { count: 0, recoveries: 0 };
const increment = (state: State): State => ({ ...state, count: state.count + 1 });
const module = fileURLToPath(new URL("./control-store.ts", import.meta.url));

describe("ControlStore", () => {
  let directory: TemporaryDirectory;
  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(() => directory.remove());

  const open = (changes: { path?: string; fs?: DurableFs; initial?: (() => State) | undefined } = {}) =>
    ControlStore.open<State>({
      directory: changes.path ?? directory.path,
      codec,
      initial: "initial" in changes ? changes.initial : () => first,
      recover: (state) => ({ ...state, recoveries: state.recoveries + 1 }),
      logger: recordingLogger(),
      ...(changes.fs === undefined ? {} : { fs: changes.fs }),
    });
  /** A store after this many updates, with the file that contains its last generation. */
  const filled = async (updates: number) => {
    const store = await open();
    for (let i = 0; i < updates; i++) await store.update(increment);
    return { store, last: `state-${(updates + 1) % 2}.json`, previous: `state-${updates % 2}.json` };
  };

  describe("damaged files", () => {
    it("returns to the previous generation and recovers wherever the last file was truncated, and never starts a new state", async () => {
      const { last, previous } = await filled(5);
      const [whole, before] = [
        await readFile(directory.join(last)),
        await readFile(directory.join(previous)),
      ];
      for (let length = 0; length < whole.length - 1; length++) {
        await writeFile(directory.join(last), whole.subarray(0, length));
        await writeFile(directory.join(previous), before);
        const { current } = await open({ initial: undefined });
        assert.deepEqual(current, { count: 4, recoveries: 1 }, `cut to ${length} bytes`);
      }
    });

    it("keeps the last generation wherever the previous file was truncated", async () => {
      const { last, previous } = await filled(5);
      const [whole, newest] = [
        await readFile(directory.join(previous)),
        await readFile(directory.join(last)),
      ];
      for (let length = 0; length < whole.length - 1; length += 7) {
        await writeFile(directory.join(previous), whole.subarray(0, length));
        await writeFile(directory.join(last), newest);
        assert.deepEqual((await open({ initial: undefined })).current, { count: 5, recoveries: 1 });
      }
    });

    it("detects every flipped byte", async () => {
      const { last, previous } = await filled(5);
      const [whole, before] = [
        await readFile(directory.join(last)),
        await readFile(directory.join(previous)),
      ];
      for (let at = 0; at < whole.length - 1; at++) {
        const flipped = Buffer.from(whole);
        flipped[at] = (flipped[at] ?? 0) ^ 0x01;
        await writeFile(directory.join(last), flipped);
        await writeFile(directory.join(previous), before);
        const outcome = await open({ initial: undefined }).then(
          ({ current }) => current.count,
          (error: { code?: string }) => error.code,
        );
        // A flip in white space changes nothing; a flip in the format's number looks like a later release.
        assert.ok([4, 5, "STATE_DAMAGED"].includes(outcome ?? ""), `byte ${at}: ${outcome}`);
      }
    });

    it("completes both files again in one recovery", async () => {
      const { last } = await filled(5);
      await writeFile(directory.join(last), "");
      await open();
      assert.deepEqual((await open()).current, { count: 4, recoveries: 1 });
      await rm(directory.join(last));
      assert.equal((await open()).current.recoveries, 2, "both files were rewritten");
    });

    it("refuses to open if both generations are damaged, or if none exists but one must", async () => {
      await filled(5);
      for (const name of ["state-0.json", "state-1.json"]) await writeFile(directory.join(name), "{}");
      await rejectsWithCode(open(), "STATE_DAMAGED");
      for (const name of ["state-0.json", "state-1.json"]) await rm(directory.join(name));
      await rejectsWithCode(open({ initial: undefined }), "STATE_MISSING");
    });

    it("does not fall back from the state of a later release, which is not damaged", async () => {
      const { last } = await filled(5);
      const document = JSON.parse(await readFile(directory.join(last), "utf8"));
      await writeFile(directory.join(last), JSON.stringify({ ...document, format: 2 }));
      const { message } = await rejectsWithCode(open(), "STATE_DAMAGED");
      assert.match(message, /format 2, expected 1/);
    });

    it("follows no link, and rejects a file as large as a disk", async () => {
      const { last, previous } = await filled(5);
      await writeFile(directory.join("elsewhere"), await readFile(directory.join(last)));
      await rm(directory.join(last));
      await symlink(directory.join("elsewhere"), directory.join(last));
      await rejectsWithCode(open(), "STATE_DAMAGED");
      await rm(directory.join(last));
      await writeFile(directory.join(last), Buffer.alloc(9 * 1024 * 1024, 0x20));
      assert.equal((await open()).current.count, 4);
      assert.ok(previous);
    });

    it("rejects a state that its codec would not have written", async () => {
      await filled(1);
      await rejectsWithCode(
        ControlStore.open({
          directory: directory.path,
          codec: { encode: () => ({}), decode: () => assert.fail("not ours") },
          initial: undefined,
          recover: (state) => state,
          logger: recordingLogger(),
        }),
        "STATE_DAMAGED",
      );
    });
  });

  describe("a failing disk", () => {
    for (const errno of ["ENOSPC", "EIO", "EROFS"]) {
      it(`keeps memory equal to the disk when any call fails with ${errno}, and continues afterwards`, async () => {
        await filled(3);
        const clean = faultyFs();
        await (await open({ fs: clean })).update(increment);
        for (let failAt = 1; failAt <= clean.calls.length; failAt++) {
          const fs = faultyFs(failAt, errno);
          const store = await open({ fs });
          const before = store.current;
          const { cause } = await rejectsWithCode(store.update(increment), "STATE_NOT_DURABLE");
          assert.ok(cause instanceof Error);
          assert.equal(store.current, before);
          const after = await store.update(increment);
          assert.equal(after.count, before.count + 1);
          assert.deepEqual((await open()).current, after);
        }
      });
    }
  });

  it("keeps one of two adjacent generations after a power cut at any call, and never an earlier one", async () => {
    const home = directory.join("home");
    await materialise(new Map(), home);
    const fs = recordingFs(home);
    const store = await open({ path: home, fs });
    const acknowledged: [number, number][] = [[fs.operations.length, 0]];
    for (let count = 1; count <= 3; count++) {
      await store.update(increment);
      acknowledged.push([fs.operations.length, count]);
    }
    let states = 0;
    for (let cut = 0; cut <= fs.operations.length; cut++) {
      const safe = acknowledged.findLast(([operations]) => operations <= cut)?.[1];
      for (const state of crashStates(fs.operations, cut)) {
        await materialise(state, directory.join("crashed"));
        const { current } = await open({ path: directory.join("crashed") });
        assert.ok(
          current.count >= (safe ?? 0) && current.count <= (safe ?? 0) + 1,
          `cut at ${cut}: ${current.count}`,
        );
        assert.equal(current.recoveries, 0, "no file was damaged");
        states += 1;
      }
    }
    assert.ok(states > 50, `${states} states`);
  });

  it("loses none of a hundred concurrent updates", async () => {
    const store = await open();
    await Promise.all(Array.from({ length: 100 }, () => store.update(increment)));
    assert.equal(store.current.count, 100);
    assert.equal((await open()).current.count, 100);
  });

  it("writes nothing if nothing changes, and fails only the caller whose change throws", async () => {
    const { store, last } = await filled(2);
    const before = await stat(directory.join(last));
    assert.equal(await store.update((state) => state), store.current);
    const failing = store.update(() => {
      throw new RangeError("no");
    });
    const next = store.update(increment);
    await assert.rejects(failing, RangeError);
    assert.equal((await next).count, 3);
    assert.equal((await stat(directory.join(last))).mtimeMs, before.mtimeMs);
  });

  it("stores its files for its owner only", async () => {
    await filled(2);
    for (const name of await readdir(directory.path)) {
      assert.equal((await stat(directory.join(name))).mode & 0o777, 0o600, name);
      await chmod(directory.join(name), 0o600);
    }
  });

  it("keeps every acknowledged update after kill -9, twenty times over", async () => {
    const script = `
      import { ControlStore } from ${JSON.stringify(module)};
      const quiet = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };
      const store = await ControlStore.open({
        directory: ${JSON.stringify(directory.path)},
        codec: { encode: (state) => state, decode: (value) => value },
        initial: () => ({ count: 0, recoveries: 0 }),
        recover: () => process.exit(9),
        logger: quiet,
      });
      for (;;) {
        const { count } = await store.update((state) => ({ ...state, count: state.count + 1 }));
        process.stdout.write(count + "\\n");
      }`;
    let acknowledged = 0;
    for (let life = 0; life < 20; life++) {
      const flags = ["--conditions=kasbah-source", "--input-type=module", "--eval", script];
      const cwd = fileURLToPath(new URL(".", import.meta.url));
      const child = spawn(process.execPath, flags, { stdio: ["ignore", "pipe", "inherit"], cwd });
      const ended = once(child, "exit");
      let said = "";
      child.stdout.on("data", (chunk) => {
        said += String(chunk);
      });
      await once(child.stdout, "data");
      await systemClock.sleep((life * 7) % 40);
      child.kill("SIGKILL");
      await ended;
      const lines = said.split("\n").slice(0, -1).map(Number);
      assert.ok(
        lines.length > 0 && (lines[0] ?? 0) > acknowledged,
        `went back to ${lines[0]} from ${acknowledged}`,
      );
      acknowledged = lines.at(-1) ?? 0;
      const { current } = await open();
      assert.ok(current.count === acknowledged || current.count === acknowledged + 1);
      assert.equal(current.recoveries, 0);
      acknowledged = current.count;
    }
  });
});
