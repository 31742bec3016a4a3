import { isIP } from "node:net";

const cidr = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/;

/**
 * Translates `NO_PROXY` as Kubernetes writes it (the rules of Go) to the rules of Node: an IPv4 network becomes a
 * range of addresses, and a domain also means the names below it.
 */
export function nodeNoProxy(text: string): string {
  return text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "")
    .flatMap(translate)
    .join(",");
}

function translate(entry: string): readonly string[] {
  const [, address, bits] = cidr.exec(entry) ?? [];
  if (address !== undefined && isIP(address) === 4 && Number(bits) <= 32) {
    return [rangeOf(address, Number(bits))];
  }
  const isDomain = /^[a-z0-9_]/i.test(entry) && !entry.includes(":") && isIP(entry) === 0;
  return isDomain ? [entry, `.${entry}`] : [entry];
}

function rangeOf(address: string, bits: number): string {
  const value = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - bits);
  const first = value - (value % size);
  return `${dotted(first)}-${dotted(first + size - 1)}`;
}

function dotted(value: number): string {
  return [2 ** 24, 2 ** 16, 256, 1].map((unit) => Math.floor(value / unit) % 256).join(".");
}
