// Run by crash-report.test.ts in a process of its own: crashes with an error that quotes a chart.
import { reportCrashes } from '../../src/logging/report-crashes.js';

const [kind = '', words = ''] = process.argv.slice(2);
reportCrashes();
const error = Object.assign(new RangeError(`lactate of ${words}\n    at ${words} (/src/${words}.ts:1:1)`), {
  code: 'ERR_CHART',
  body: words,
  cause: new TypeError(words),
});
if (kind === 'rejection') void Promise.reject(error);
else if (kind === 'no-error') setImmediate(() => throwing({ words }));
else setImmediate(() => throwing(error));

function throwing(value: unknown): never {
  throw value;
}
