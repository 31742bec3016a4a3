/** Where a command prints. */
export interface Screen {
  write(text: string): void;
  /** Set on a terminal, unless the user has set NO_COLOR. */
  readonly colour: boolean;
  /** A terminal, on which a line can be overwritten. */
  readonly interactive: boolean;
  /** The columns of the terminal now; undefined elsewhere, where nothing is shortened. */
  readonly columns?: number | undefined;
}
