import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';

const read = (file: string): string => readFileSync(new URL(`../../deploy/${file}`, import.meta.url), 'utf8');
const [node = '', ...words] = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(read('Dockerfile'))?.[1] ?? '[]') as string[];
const flags = words.filter((word) => word.startsWith('--'));

describe('memory, which holds charts, is written to no disk', () => {
  it('the image tells node neither to abort nor to report, whatever NODE_OPTIONS say', () => {
    expect(node).toBe('node');
    const { stdout } = spawnSync(
      process.execPath,
      [
        ...flags,
        '--eval',
        'const r=process.report;console.log(r.reportOnFatalError||r.reportOnSignal||r.reportOnUncaughtException)',
      ],
      {
        encoding: 'utf8',
        env: { NODE_OPTIONS: '--report-on-fatalerror --report-uncaught-exception --report-on-signal' },
      },
    );
    expect(stdout.trim()).toBe('false');
    expect(flags).toContain('--no-abort-on-uncaught-exception');
  });

  it('no service of the compose file may dump its core', () => {
    const { services } = parse(read('compose.yaml')) as { services: Record<string, { ulimits?: unknown }> };
    for (const [name, { ulimits }] of Object.entries(services)) expect([name, ulimits]).toEqual([name, { core: 0 }]);
  });
});
