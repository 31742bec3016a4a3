import { type LookupAddress, lookup as systemLookup } from "node:dns";
import { BlockList, isIP, isIPv6, type LookupFunction } from "node:net";
import { HttpsError } from "../errors.ts";

/** An address range as configured, such as `127.0.0.1/32`. */
export interface AddressRange {
  readonly address: string;
  readonly prefix: number;
}

const neverByItself: readonly [string, number, "ipv4" | "ipv6"][] = [
  // This host.
  ["0.0.0.0", 8, "ipv4"],
  ["127.0.0.0", 8, "ipv4"],
  // Link-local, where clouds keep their metadata services; and those of the clouds that keep them elsewhere.
  ["169.254.0.0", 16, "ipv4"],
  ["fe80::", 10, "ipv6"],
  ["fd00:ec2::", 32, "ipv6"],
  ["fd20:ce::254", 128, "ipv6"],
  ["192.0.0.192", 32, "ipv4"],
  ["100.100.100.200", 32, "ipv4"],
  ["168.63.129.16", 32, "ipv4"],
  // Multicast, reserved and broadcast.
  ["224.0.0.0", 3, "ipv4"],
  ["ff00::", 8, "ipv6"],
  // Other spellings of IPv4 addresses: compatible, by translation, by tunnel.
  ["::", 96, "ipv6"],
  ["64:ff9b::", 96, "ipv6"],
  ["64:ff9b:1::", 48, "ipv6"],
  ["2002::", 16, "ipv6"],
];

/**
 * Where a configured URL may lead: not to this host, its links and its cloud's metadata service, unless such a range is
 * allowed by name (SSRF). Private networks are allowed, since that is where API servers live.
 */
export class AddressRules {
  readonly #refused = new BlockList();
  readonly #allowed = new BlockList();

  readonly #resolve: typeof systemLookup;

  /** @param resolve looks names up, anew for each connection. */
  constructor(allowed: readonly AddressRange[], resolve: typeof systemLookup = systemLookup) {
    this.#resolve = resolve;
    for (const [address, prefix, family] of neverByItself) this.#refused.addSubnet(address, prefix, family);
    for (const { address, prefix } of allowed) {
      this.#allowed.addSubnet(address, prefix, isIPv6(address) ? "ipv6" : "ipv4");
    }
  }

  /** Looks a name up, and fails when any of its addresses is not allowed; for `https.request`. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.#resolve(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error) return callback(error, "");
      const refused = addresses.find(({ address }) => !this.#isAllowed(address));
      if (refused !== undefined) return callback(forbidden(refused.address), "");
      const [first] = addresses;
      if (options.all || first === undefined) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });
  };

  /** Checks a host that is an address, which is never looked up. @throws HttpsError */
  checkHost(hostname: string): void {
    const address = hostname.replace(/^\[(.*)\]$/, "$1");
    if (isIP(address) !== 0 && !this.#isAllowed(address)) throw forbidden(address);
  }

  #isAllowed(address: string): boolean {
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    return this.#allowed.check(address, family) || !this.#refused.check(address, family);
  }
}

function forbidden(address: string): HttpsError {
  return new HttpsError(
    `the address ${address} is loopback, link-local, multicast or a metadata service; to allow it, set --allow-address ${address}`,
  );
}
