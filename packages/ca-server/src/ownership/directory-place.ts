import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type DurableFs,
  ensureDirectory,
  errnoOf,
  nodeFs,
  syncDirectory,
  writeFileDurably,
} from "@kasbah/runtime";
import { hasKeyFile } from "../authorities/keys/authority-files.ts";
import { StateError } from "../errors.ts";
import { createDocument } from "../store/control/document.ts";
import { createSlots, readControlState, slotOf } from "../store/control/files.ts";
import type { StateDirectory } from "../store/state-directory.ts";
import { arrivingMark, encodeMark, movedMark, parseMark } from "./mark.ts";
import type { CaState, PlaceContent, StatePlace, StoredCa, StoredFiles } from "./place.ts";

export interface DirectoryPlaceDeps {
  /** The path of the state directory, for messages. */
  readonly name: string;
  readonly state: Pick<StateDirectory, "authorities" | "control">;
  readonly fs?: DurableFs;
}

const keyFile = "ca-key.pem";
const certificateFile = "ca-cert.pem";

/** A state directory as a place of a CA. The caller holds its lock. */
export class DirectoryPlace implements StatePlace {
  readonly name: string;
  readonly #authorities: string;
  readonly #control: string;
  readonly #fs: DurableFs;

  constructor({ name, state, fs = nodeFs }: DirectoryPlaceDeps) {
    this.name = name;
    this.#authorities = state.authorities;
    this.#control = state.control;
    this.#fs = fs;
  }

  async read(): Promise<PlaceContent> {
    const content = await this.look();
    if (content.kind === "empty") return content;
    return { ...content, ca: { ...content.ca, files: await this.#files() } };
  }

  async look(): Promise<PlaceContent<CaState>> {
    // A mark outlives a crash in the middle of a move, and is therefore decisive.
    const arriving = await this.#mark(arrivingMark);
    if (arriving !== undefined) {
      return { kind: "arriving", from: arriving.place, ca: { state: arriving.state } };
    }
    const moved = await this.#mark(movedMark);
    if (moved !== undefined) return { kind: "moved", to: moved.place, ca: { state: moved.state } };
    const state = await this.#state();
    return state === undefined ? { kind: "empty" } : { kind: "owner", ca: { state } };
  }

  async stage(from: string, { state, files }: StoredCa): Promise<void> {
    await this.#writeMark(arrivingMark, from, state);
    for (const [id, pair] of files) await this.#write(id, pair);
    for (const id of (await this.#files()).keys()) {
      if (files.has(id)) continue;
      await this.#fs.rm(join(this.#authorities, id), { recursive: true, force: true });
    }
    await syncDirectory(this.#authorities, this.#fs);
  }

  async commit(): Promise<void> {
    const arriving = await this.#mark(arrivingMark);
    if (arriving === undefined) return;
    const slots = createSlots(this.#control, this.#fs);
    for (const { path } of slots) await this.#unlink(path);
    await slotOf(slots, 1).write(createDocument(1, arriving.state));
    await this.#unlink(join(this.#control, movedMark));
    await this.#unlink(join(this.#control, arrivingMark));
  }

  async retire(to: string): Promise<void> {
    await this.#writeMark(movedMark, to, await readControlState(this.#control));
    for (const { path } of createSlots(this.#control)) await this.#unlink(path);
  }

  async erase(): Promise<void> {
    for (const id of (await this.#files()).keys()) await this.#unlink(join(this.#authorities, id, keyFile));
    for (const { path } of createSlots(this.#control)) await this.#unlink(path);
  }

  /** Undefined before the first authority exists. */
  async #state(): Promise<unknown> {
    const slots = await Promise.all(createSlots(this.#control).map((slot) => slot.look()));
    if (!(await this.#hasKeys()) && slots.every(({ kind }) => kind === "missing")) return undefined;
    const state = await readControlState(this.#control);
    return hasAuthorities(state) ? state : undefined;
  }

  async #hasKeys(): Promise<boolean> {
    for (const id of await this.#ids()) if (await hasKeyFile(join(this.#authorities, id))) return true;
    return false;
  }

  async #ids(): Promise<readonly string[]> {
    const names = await readdir(this.#authorities);
    return names.filter((name) => !name.startsWith(".")).sort();
  }

  async #files(): Promise<ReadonlyMap<string, StoredFiles>> {
    const found = new Map<string, StoredFiles>();
    for (const id of await this.#ids()) {
      const certificate = await textOf(join(this.#authorities, id, certificateFile));
      const key = await textOf(join(this.#authorities, id, keyFile));
      if (certificate !== undefined) found.set(id, { key, certificate });
    }
    return found;
  }

  async #write(id: string, { key, certificate }: StoredFiles): Promise<void> {
    const directory = join(this.#authorities, id);
    await ensureDirectory(directory, 0o700, this.#fs);
    if (key === undefined) await this.#unlink(join(directory, keyFile));
    else await writeFileDurably(join(directory, keyFile), key, 0o600, this.#fs);
    await writeFileDurably(join(directory, certificateFile), certificate, 0o644, this.#fs);
  }

  async #mark(name: string) {
    const path = join(this.#control, name);
    const text = await textOf(path);
    return text === undefined ? undefined : parseMark(text, path);
  }

  #writeMark(name: string, place: string, state: unknown): Promise<void> {
    return writeFileDurably(
      join(this.#control, name),
      encodeMark({ place, state, generation: 1 }),
      0o600,
      this.#fs,
    );
  }

  async #unlink(path: string): Promise<void> {
    try {
      await this.#fs.unlink(path);
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return;
      throw new StateError("STATE_NOT_DURABLE", `cannot remove ${path}: ${errnoOf(error)}`, { cause: error });
    }
    await syncDirectory(join(path, ".."), this.#fs);
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (errnoOf(cause) === "ENOENT") return undefined;
    throw new StateError("STATE_DAMAGED", `cannot read ${path}: ${errnoOf(cause) ?? "unknown"}`, { cause });
  }
}

function hasAuthorities(state: unknown): boolean {
  const list = typeof state === "object" && state !== null ? Reflect.get(state, "authorities") : undefined;
  return Array.isArray(list) && list.length > 0;
}
