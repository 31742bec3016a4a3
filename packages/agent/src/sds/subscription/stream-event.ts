/**
 * Something a client did that belongs in the log or the metrics. The texts are the client's: bound them
 * before using them.
 */
export type StreamEvent =
  | {
      readonly kind: "nack";
      readonly names: readonly string[];
      readonly complaint: string;
      /** The client has rejected the same bytes before. */
      readonly repeated: boolean;
    }
  | { readonly kind: "stale-nonce" }
  | { readonly kind: "unknown-type"; readonly typeUrl: string }
  | { readonly kind: "unknown-name"; readonly name: string }
  | { readonly kind: "too-many-names"; readonly limit: number }
  | { readonly kind: "too-slow" };
