/**
 * Modules for `--import` that run in the agent before its own code, for faults that a test cannot cause from
 * outside.
 */
const moduleOf = (source: string) => `data:text/javascript,${encodeURIComponent(source)}`;

/** Throws an uncaught exception on SIGUSR2. */
export const throwsOnSignal = moduleOf(`
  process.on("SIGUSR2", () => setTimeout(() => { throw new Error("unexpected failure"); }, 0));
`);

/** Causes an unhandled rejection on SIGUSR2. */
export const rejectsOnSignal = moduleOf(`
  process.on("SIGUSR2", () => { Promise.reject(new Error("unexpected failure")); });
`);

/** Blocks the event loop for three seconds on SIGUSR2. */
export const blocksOnSignal = moduleOf(`
  import { writeSync } from "node:fs";
  process.on("SIGUSR2", () => {
    writeSync(1, "blocking the event loop\\n");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 6_000);
  });
`);

/** Makes key generation fail on SIGUSR2, and work again on the next. */
export const makesNoKeyOnSignal = moduleOf(`
  import crypto from "node:crypto";
  import { syncBuiltinESMExports } from "node:module";
  import { promisify } from "node:util";
  let isBroken = false;
  process.on("SIGUSR2", () => { isBroken = !isBroken; });
  const breakable = (make) => (...inputs) => {
    if (isBroken) throw new Error("no entropy");
    return make(...inputs);
  };
  const { generateKeyPair, generateKeyPairSync } = crypto;
  crypto.generateKeyPair = breakable(generateKeyPair);
  crypto.generateKeyPair[promisify.custom] = breakable(promisify(generateKeyPair));
  crypto.generateKeyPairSync = breakable(generateKeyPairSync);
  syncBuiltinESMExports();
`);

/** Collects garbage and writes the number of live bytes on SIGUSR2. */
export const tellsHeapOnSignal = moduleOf(`
  import v8 from "node:v8";
  import vm from "node:vm";
  v8.setFlagsFromString("--expose-gc");
  const collect = vm.runInNewContext("gc");
  process.on("SIGUSR2", () => setImmediate(() => {
    for (let i = 0; i < 3; i += 1) collect();
    const { heapUsed, external } = process.memoryUsage();
    process.stdout.write("live bytes: " + (heapUsed + external) + "\\n");
  }));
`);

/**
 * Resolves names under `test` to the address in the file named by `KASBAH_TEST_ADDRESS`; without the file,
 * resolution fails.
 */
export const looksNamesUpInFile = moduleOf(`
  import dns from "node:dns";
  import { readFileSync } from "node:fs";
  import { syncBuiltinESMExports } from "node:module";
  const addressOf = (hostname) => {
    try {
      return readFileSync(process.env.KASBAH_TEST_ADDRESS, "utf8");
    } catch {
      throw Object.assign(new Error("getaddrinfo ENOTFOUND " + hostname), { code: "ENOTFOUND", hostname });
    }
  };
  const { lookup } = dns;
  const lookupLater = dns.promises.lookup;
  dns.lookup = (hostname, options, done = options) => {
    if (!hostname.endsWith(".test")) return lookup(hostname, options, done);
    try {
      const address = addressOf(hostname);
      process.nextTick(done, null, ...(options.all ? [[{ address, family: 4 }]] : [address, 4]));
    } catch (error) {
      process.nextTick(done, error);
    }
  };
  dns.promises.lookup = async (hostname, options = {}) => {
    if (!hostname.endsWith(".test")) return lookupLater(hostname, options);
    const found = { address: addressOf(hostname), family: 4 };
    return options.all ? [found] : found;
  };
  syncBuiltinESMExports();
`);
