// With `mocha --parallel`, what a test prints would appear between the results of other files. A worker therefore
// keeps the lines of a file, and prints them with its name when the file ends, just before its results.
const { relative } = require("node:path");

const isWorker = process.env.MOCHA_WORKER_ID !== undefined;
const print = process.stdout.write;
let kept = [];

exports.mochaHooks = isWorker ? { beforeAll: keep, afterAll: release } : {};

function keep() {
  process.stdout.write = (chunk, ...rest) => {
    kept.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
    rest.find((argument) => typeof argument === "function")?.();
    return true;
  };
}

function release() {
  process.stdout.write = print;
  if (kept.length === 0) return;
  const [file] = this.test.parent.suites.map((suite) => relative(process.cwd(), suite.file));
  process.stdout.write(`\n  printed by ${file}\n${Buffer.concat(kept)}`);
  kept = [];
}
