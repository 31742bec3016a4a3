// With KASBAH_TEST_SEED=<number>, runs files, suites and tests in a random order that the number determines.
// With `mocha --parallel`, each file is a run of its own: the number determines the order in it.
let state;

exports.mochaHooks = {
  beforeAll() {
    state = Number(process.env.KASBAH_TEST_SEED);
    if (Number.isInteger(state)) shuffleSuite(this.test.parent);
  },
};

function shuffleSuite(suite) {
  shuffle(suite.tests);
  shuffle(suite.suites);
  for (const child of suite.suites) shuffleSuite(child);
}

function shuffle(items) {
  for (let last = items.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [items[last], items[other]] = [items[other], items[last]];
  }
}

/** The linear congruential generator of the C standard's example. */
function random() {
  state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
  return state / 2 ** 31;
}
