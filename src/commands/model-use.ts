import { resolve } from 'node:path';
import { loadConfig } from '../config/config.js';
import { loadModelBundle } from '../ensemble/load-model-bundle.js';
import { EXIT, hasFlag, UsageError, type Command } from './command.js';
import type { OpenSwitches } from './switch.js';

const HELP = `hemolens model use DIR | --configured

Has the running services score with another model bundle, for example an earlier version, without a restart. The bundle is
verified here first; each service verifies it again beside the running one and takes it over between calls. One that does not
verify there leaves the running model in place and is reported in that service's log (model.refused).

  DIR           folder of the bundle, as the services see it
  --configured  back to the bundle of the configuration (HEMOLENS_MODEL_BUNDLE_DIR)

Exit code 0: done. 1: refused; the message names the file, what was expected and what was found. Nothing was changed.`;

/** `hemolens model use` */
export function modelUseCommand(openSwitches: OpenSwitches): Command {
  return {
    name: 'model use',
    summary: 'have running services score with another model bundle, or go back to the configured one',
    help: HELP,
    options: { configured: { type: 'boolean' } },
    async run(args, terminal) {
      const [folder, ...more] = args.positionals;
      const isBack = hasFlag(args, 'configured');
      if (isBack === (folder !== undefined) || more.length > 0)
        throw new UsageError('give one folder, or --configured');
      const config = loadConfig();
      const chosen = folder === undefined ? undefined : await verified(folder, config.noteEncodersDir);
      const switches = await openSwitches(config);
      await switches.write({ modelBundleDir: chosen?.directory }).finally(() => switches.close());
      terminal.out(chosen ? `${chosen.name} takes over` : `${config.modelBundleDir} takes over, as configured`);
      return EXIT.ok;
    },
  };
}

async function verified(
  folder: string,
  encodersDir: string | undefined,
): Promise<{ readonly directory: string; readonly name: string }> {
  const directory = resolve(folder);
  const bundle = await loadModelBundle(
    directory,
    encodersDir === undefined ? {} : { encodersDir: resolve(encodersDir) },
  );
  await bundle.close();
  const { title, id, version } = bundle.identity;
  return { directory, name: `${title} (${id} ${version})` };
}
