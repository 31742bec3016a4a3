import { isIP } from "node:net";
import { addressGroup } from "./address-group.ts";

/** The group of the address in `address:port`; the text itself if it contains no address. */
export function peerGroup(peer: string): string {
  const address = peer.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  return isIP(address) === 0 ? peer : addressGroup(address);
}
