import { BlockList, isIP } from "node:net";
import type { DroppedRefusals, RefusedEntry } from "@kasbah/ledger";
import { InvalidArgumentError } from "commander";

export interface RefusalFilter {
  readonly since: Date;
  readonly code?: string | undefined;
  /** An address, or a network such as 10.1.2.0/24. */
  readonly address?: AddressFilter | undefined;
}

/** Matches addresses. */
export interface AddressFilter {
  readonly text: string;
  matches(address: string): boolean;
}

export function parseAddressFilter(text: string): AddressFilter {
  const [address = "", bits, ...rest] = text.split("/");
  const family = isIP(address) === 6 ? "ipv6" : "ipv4";
  const longest = family === "ipv6" ? 128 : 32;
  const prefix = bits === undefined ? longest : Number(bits);
  if (isIP(address) === 0 || rest.length > 0 || !/^\d{1,3}$/.test(bits ?? "1") || prefix > longest)
    throw new InvalidArgumentError("expected an address or a network such as 10.1.2.0/24.");
  const list = new BlockList();
  list.addSubnet(address, prefix, family);
  const matches = (one: string) => isIP(one) !== 0 && list.check(one, isIP(one) === 6 ? "ipv6" : "ipv4");
  return { text, matches };
}

export function parseCode(text: string): string {
  if (/^[A-Z][A-Z0-9_]{1,60}$/.test(text)) return text;
  throw new InvalidArgumentError("expected a code such as TOKEN_AUDIENCE.");
}

/** The address in `address:port`. */
export function addressOf(peer: string): string {
  return peer.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}

export function matchesRefusal(
  { time, code, peerAddress }: RefusedEntry,
  { since, code: wanted, address }: RefusalFilter,
): boolean {
  if (Date.parse(time) < since.getTime() || (wanted ?? code) !== code) return false;
  return address === undefined || address.matches(addressOf(peerAddress));
}

/** The part of the counts that the filter may select; undefined if none. */
export function matchDropped(
  dropped: DroppedRefusals,
  { since, code, address }: RefusalFilter,
): DroppedRefusals | undefined {
  if (Date.parse(dropped.time) < since.getTime()) return undefined;
  const codes = code === undefined ? dropped.codes : { [code]: dropped.codes[code] ?? 0 };
  const from = dropped.from.filter(
    ({ network }) => address === undefined || matchesNetwork(network, address),
  );
  const named = dropped.from.reduce((sum, { count }) => sum + count, 0);
  const ofNetworks = from.reduce((sum, { count }) => sum + count, 0);
  // Networks that caused few refusals are not named, so any address may be among them.
  const ofAddress = address === undefined ? dropped.count : ofNetworks + dropped.count - named;
  const ofCode = Object.values(codes).reduce((sum, count) => sum + count, 0);
  const count = Math.min(ofAddress, ofCode);
  return count === 0 ? undefined : { ...dropped, count, codes, from };
}

function matchesNetwork(network: string, address: AddressFilter): boolean {
  return address.matches(network.split("/")[0] ?? "") || contains(network, address.text.split("/")[0] ?? "");
}

function contains(network: string, address: string): boolean {
  return network.includes("/") && isIP(address) !== 0 && parseAddressFilter(network).matches(address);
}
