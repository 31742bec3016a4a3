import { formatHostPort, type HostPort } from "../address.ts";
import { errnoOf, RuntimeError } from "../errors.ts";

const reasons: Readonly<Record<string, (flag: string) => string>> = {
  EADDRINUSE: (flag) => `another process listens there: stop it, or choose another port with ${flag}`,
  EADDRNOTAVAIL: (flag) => `no network interface has this address: correct ${flag}`,
  EAFNOSUPPORT: (flag) => `this machine does not support addresses of this family: correct ${flag}`,
  EACCES: (flag) =>
    `this user may not use the port: choose one from 1024 with ${flag}, or add CAP_NET_BIND_SERVICE`,
  ENOTFOUND: (flag) => `the name cannot be resolved: correct ${flag}`,
  EAI_AGAIN: (flag) => `the name cannot be resolved at present: name an IP address with ${flag}`,
};

/** Opens a port, and explains a failure. @throws RuntimeError `ADDRESS_UNUSABLE` naming the flag of the address */
export async function withBindReason<T>(
  address: HostPort,
  flag: string,
  listen: () => Promise<T>,
): Promise<T> {
  try {
    return await listen();
  } catch (cause) {
    const errno = errnoOf(cause);
    if (errno === undefined) throw cause;
    const reason = reasons[errno]?.(flag) ?? `the system refuses it: correct ${flag}`;
    const message = `cannot listen on ${formatHostPort(address)} (${errno}): ${reason}`;
    throw new RuntimeError("ADDRESS_UNUSABLE", message, { cause });
  }
}
