/** A header sent with each call to the CA. */
export interface CaHeader {
  /** In lower case, as HTTP/2 requires. */
  readonly name: string;
  readonly value: string;
}

const namePattern = /^[a-z0-9_-]{1,100}$/;
const valuePattern = /^[\x20-\x7e]{0,4096}$/;

/** Set by the agent or the transport. */
const reserved = /^(?:authorization|clusterid|te|host|connection|content-.*|grpc-.*|user-agent|.*-bin)$/;

/** Parses `name=value`. Throws a `RangeError` that does not contain the value, which may be a secret. */
export function parseCaHeader(text: string): CaHeader {
  const equals = text.indexOf("=");
  const name = text.slice(0, Math.max(equals, 0)).toLowerCase();
  const value = text.slice(equals + 1).trim();
  if (!namePattern.test(name) || !valuePattern.test(value)) {
    throw new RangeError(
      "expected name=value: a name of letters, digits, - and _, and a value of printable ASCII",
    );
  }
  if (reserved.test(name)) throw new RangeError(`the agent sets the header ${name}; choose another name`);
  return { name, value };
}
