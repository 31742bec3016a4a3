import { type LookupAddress, lookup as systemLookup } from "node:dns";
import { BlockList, isIP, isIPv6, type LookupFunction } from "node:net";
import { HttpsError } from "../errors.ts";

/** A configured address range, such as `127.0.0.1/32`. */
export interface AddressRange {
  readonly address: string;
  readonly prefix: number;
}

const neverByItself: readonly [string, number, "ipv4" | "ipv6"][] = [
  // Loopback and the unspecified addresses.
  ["0.0.0.0", 8, "ipv4"],
  ["127.0.0.0", 8, "ipv4"],
  // Link-local, which includes most clouds' metadata services, and the metadata services elsewhere.
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
  // Embedded IPv4 addresses: IPv4-compatible, NAT64 and 6to4.
  ["::", 96, "ipv6"],
  ["64:ff9b::", 96, "ipv6"],
  ["64:ff9b:1::", 48, "ipv6"],
  ["2002::", 16, "ipv6"],
];

/**
 * The addresses that a configured URL may reach (SSRF). Loopback, link-local addresses and metadata services
 * are refused unless the configuration allows them. Private networks are allowed, because API servers are
 * usually there.
 */
export class AddressRules {
  readonly #refused = new BlockList();
  readonly #allowed = new BlockList();

  readonly #resolve: typeof systemLookup;

  /** @param resolve resolves names, again for each connection */
  constructor(allowed: readonly AddressRange[], resolve: typeof systemLookup = systemLookup) {
    this.#resolve = resolve;
    for (const [address, prefix, family] of neverByItself) this.#refused.addSubnet(address, prefix, family);
    for (const { address, prefix } of allowed) {
      this.#allowed.addSubnet(address, prefix, isIPv6(address) ? "ipv6" : "ipv4");
    }
  }

  /** Resolves a name for `https.request`. Fails if any of its addresses is not allowed. */
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

  /** Checks a host that is an IP address, which is never resolved. @throws HttpsError */
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
