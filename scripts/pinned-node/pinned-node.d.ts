/** The Node that the project pins for a platform. */
export interface PinnedNodeFiles {
  readonly version: string;
  /** The directory of its npm package. */
  readonly home: string;
  readonly binary: string;
  /** The digest that the binary must have. */
  readonly sha256: string;
}

export function pinnedNodeFor(
  root: string,
  host?: { readonly platform: string; readonly arch: string },
): PinnedNodeFiles | undefined;

export function pinnedNodeProblem(root: string, node: PinnedNodeFiles): string | undefined;
