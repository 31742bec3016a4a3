import type { Component } from "@kasbah/runtime";
import type { AuthorityBacking } from "../authorities/backing.ts";
import type { StateError } from "../errors.ts";
import type { StatePlace } from "./place.ts";

/** Authorities in an opened place, with what follows changes by other replicas. */
export interface OpenedPlace {
  readonly backing: AuthorityBacking;
  readonly components: readonly Component[];
}

interface OpenSharedOptions {
  /** A missing Secret is created with the first root; otherwise it is a loss. */
  readonly isNew: boolean;
  /** Called when another process has moved the CA elsewhere. */
  readonly onMoved: (error: StateError) => void;
}

/** The Secret in which replicas share a CA. */
export interface SharedState {
  readonly place: StatePlace;
  /** Opens the CA of the Secret. @throws StateError */
  open(options: OpenSharedOptions): Promise<OpenedPlace>;
  /**
   * The reason why a missing Secret is a loss: the root that this installation published came from it.
   * Undefined if nothing shows that. @throws StateError `STATE_NOT_DURABLE`
   */
  findLostRoot(): Promise<string | undefined>;
}
