/** The host of a peer's `address:port`, because one host can use any number of ports. */
export function hostOf(peerAddress: string): string {
  return peerAddress.replace(/:\d+$/, "");
}
