import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf } from "@kasbah/runtime";
import type { CommandDeps } from "../command-deps.ts";

type BrowserDeps = Pick<CommandDeps, "platform" | "env" | "temporaryDirectory" | "pid">;

export interface OpenedBrowser {
  /** Why no browser was started; undefined if one was. */
  readonly problem: string | undefined;
  /** Removes the file that contains the link. */
  forget(): Promise<void>;
}

/**
 * Opens the link with the user's browser. Every user of the machine can read the arguments of a process, so the program
 * gets the path of a file that only this user can read, and that leads the browser to the link. The file is not hidden,
 * and in the home directory: a browser that runs in a sandbox reads no other place.
 */
export async function openBrowser(link: string, deps: BrowserDeps): Promise<OpenedBrowser> {
  const path = join(deps.env["HOME"] || deps.temporaryDirectory, `kasbah-console-${deps.pid}.html`);
  let isWritten = false;
  // A file of this name that exists already belongs to another program, or to another user.
  const forget = async () => {
    if (isWritten) await rm(path, { force: true });
  };
  try {
    await writeFile(path, redirectTo(link), { mode: 0o600, flag: "wx" });
    isWritten = true;
    await start(deps.platform === "darwin" ? "open" : "xdg-open", path, deps.env);
    return { problem: undefined, forget };
  } catch (error) {
    await forget();
    return { problem: errnoOf(error) ?? String(error), forget };
  }
}

function redirectTo(link: string): string {
  return `<!doctype html><meta charset="utf-8"><title>kasbah console</title><meta http-equiv="refresh" content="0;url=${link}"><a href="${link}">kasbah console</a>\n`;
}

/** The browser outlives this command, and writes nothing to its terminal. */
async function start(program: string, path: string, env: BrowserDeps["env"]): Promise<void> {
  const child = spawn(program, [path], { detached: true, stdio: "ignore", env: { ...env } });
  await once(child, "spawn");
  child.unref();
}
