import { existsSync } from 'node:fs';
import { readDatasetRows } from '../cohort/dataset-rows.js';
import { loadConfig, type Config } from '../config/config.js';
import { loadModelBundle } from '../ensemble/load-model-bundle.js';
import { replayMimicIv, type StartReplayedService } from '../replay/replay-mimic-iv.js';
import { printReport } from '../replay/replay-report.js';
import { EXIT, hasFlag, numberOption, requiredOption, textOption, UsageError, type Command } from './command.js';
import { inPackage } from './package-root.js';

/** Long enough that a busy machine never cuts a chart short: replay compares roads, it does not judge speed. */
const REPLAY_DEADLINE_MS = 60_000;

const HELP = `hemolens replay --source mimic-iv --path DIR [--model DIR] [--dataset DIR] [--patients N] [--json]

Fires every signed blood bank product order of the dataset at the service over HTTP, at the order's own time and from the chart
as it stood then, once with prefetch and once without; compares the tensors byte for byte and the probabilities with the road
straight from CSV, and prints tiers, observed deaths within 7 days, each base learner by itself, and latencies.

  --source    mimic-iv
  --path      folder with hosp/ and icu/
  --model     model bundle (default models/transfusion-open)
  --dataset   training set of the same files to compare with, row by row: \`hemolens cohort build --source mimic-iv --path DIR
              --index order-time --gap-hours 0\`
  --patients  only the first so many patients with orders
  --json      end with one line of JSON, with the logits of every base learner in each scored call

Exit code 0: no error, no tensor mismatch. 1: otherwise.`;

export type StartServiceUnderReplay = (
  config: Config,
  overrides: Parameters<StartReplayedService>[0],
) => ReturnType<StartReplayedService>;

/** `hemolens replay` */
export function replayCommand(startService: StartServiceUnderReplay): Command {
  return {
    name: 'replay',
    summary: 'fire the orders of a dataset at the service as they were',
    help: HELP,
    options: {
      source: { type: 'string' },
      path: { type: 'string' },
      model: { type: 'string' },
      dataset: { type: 'string' },
      patients: { type: 'string' },
      json: { type: 'boolean' },
    },
    async run(args, terminal) {
      if (requiredOption(args, 'source') !== 'mimic-iv') throw new UsageError('--source is mimic-iv');
      const given = textOption(args, 'model') ?? 'models/transfusion-open';
      const modelBundleDir = existsSync(given) ? given : inPackage(given);
      const patients =
        textOption(args, 'patients') === undefined ? {} : { maxPatients: numberOption(args, 'patients', 0) };
      const config = loadConfig(
        {},
        {
          mode: 'sandbox',
          port: 0,
          store: 'memory',
          logLevel: 'error',
          modelBundleDir,
          openFhirServerAllowed: true,
          deadlineMs: REPLAY_DEADLINE_MS,
          perCallTimeoutMs: REPLAY_DEADLINE_MS,
          noteEncodingMs: REPLAY_DEADLINE_MS,
        },
      );
      const folder = textOption(args, 'dataset');
      const dataset = folder === undefined ? {} : { dataset: await readDatasetRows(folder) };
      const startedMs = performance.now();
      const bundle = await loadModelBundle(modelBundleDir);
      const report = await replayMimicIv({
        dir: requiredOption(args, 'path'),
        bundle,
        predictOptions: { noteEncodingMs: config.noteEncodingMs },
        startService: (overrides) => startService(config, overrides),
        ...dataset,
        ...patients,
        onProgress: (calls, of) => {
          const rate = calls / ((performance.now() - startedMs) / 1000);
          terminal.progress(
            `${calls} of ${of} hook calls, ${rate.toFixed(1)} a second, ${Math.round((of - calls) / rate)} s left`,
          );
        },
      }).finally(() => bundle.close());
      terminal.progress('');
      terminal.out(printReport(report));
      if (hasFlag(args, 'json')) terminal.out(JSON.stringify(report));
      return report.errors === 0 && report.tensorMismatches === 0 ? EXIT.ok : EXIT.fault;
    },
  };
}
