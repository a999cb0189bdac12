const isLast = ({ path }) => path.endsWith('server-faults.test.ts');

/** The file that kills the server of the run comes after all others. */
export default class ServerFaultsLast {
  sort(tests) {
    return [...tests].sort((a, b) => isLast(a) - isLast(b) || (a.path < b.path ? -1 : 1));
  }

  shard(tests) {
    return tests;
  }

  allFailedTests() {
    return [];
  }

  cacheResults() {}
}
