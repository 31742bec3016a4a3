/** One thing that keeps a stopped CA from starting, or from issuing after its start. */
export interface StartObstacle {
  /** The code with which the CA would exit, or would refuse every request. */
  readonly code: string;
  readonly what: string;
  /** The authority that it concerns. */
  readonly authority?: string;
}
