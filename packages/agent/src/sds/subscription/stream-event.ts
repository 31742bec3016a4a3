/** What a client did that the log and the metrics should know. Its texts are the client's own: bound them before they go on. */
export type SubscriptionNote =
  | {
      readonly kind: "nack";
      readonly names: readonly string[];
      readonly complaint: string;
      /** The client has refused these same bytes before. */
      readonly repeated: boolean;
    }
  | { readonly kind: "stale-nonce" }
  | { readonly kind: "unknown-type"; readonly typeUrl: string }
  | { readonly kind: "unknown-name"; readonly name: string }
  | { readonly kind: "too-many-names"; readonly limit: number }
  | { readonly kind: "too-slow" };
