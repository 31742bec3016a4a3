import type { Component } from "@kasbah/runtime";
import type { Ground } from "../agent-deps.ts";

/** What parts that keep files stand on. */
export type FileGround = Pick<Ground, "store" | "registry" | "clock" | "roll" | "logger">;

/** Parts that keep files, and what the status says of them. */
export interface FileParts {
  /** To be started before anything is published, and stopped after the last publishing. */
  readonly components: readonly Component[];
  warnings(): readonly string[];
}
