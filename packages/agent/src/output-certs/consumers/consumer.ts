import type { Component } from "@kasbah/runtime";

/** A set of files that readers see and that an application should load. */
export interface FilesChange {
  readonly spiffeId: string;
  readonly serial: string;
  /** When the certificate of the set expires. */
  readonly notAfter: Date;
}

/** How far an application has followed the files. */
export interface ConsumerState {
  /** Failed runs since the last successful one. While it is above 0, the application is stale. */
  readonly failures: number;
  /** The sentence about the last failure; undefined if the last run succeeded. */
  readonly problem: string | undefined;
  /**
   * When the certificate that the application loaded last expires; undefined until a run has succeeded.
   */
  readonly deadline: Date | undefined;
}

/** Makes one application load each new set of files. */
export interface Consumer extends Component {
  /** The label of its metrics. */
  readonly kind: string;
  readonly state: ConsumerState;
  /** Schedules a run for the change, which replaces all earlier ones. Never blocks. */
  notify(change: FilesChange): void;
}
