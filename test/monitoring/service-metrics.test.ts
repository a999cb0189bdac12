import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EVENTS } from '../../src/logging/events.js';
import { logEvent, type Log } from '../../src/logging/logger.js';
import { meteredLog } from '../../src/monitoring/metered-log.js';
import { createServiceMetrics, type ServiceMetrics } from '../../src/monitoring/service-metrics.js';

let metrics: ServiceMetrics;
let log: Log;
let written: unknown[];
beforeEach(() => {
  written = [];
  metrics = createServiceMetrics({ overrideReasonCodes: ['patient-refuses'] });
  const quiet: Log = {
    isStrict: false,
    mayWrite: (level) => level === 'error',
    write: (_level, line) => void written.push(line),
  };
  log = meteredLog(quiet, metrics.count);
});
afterEach(() => {
  metrics.close();
});

/** Lines of one metric, without its help. */
const lines = async (name: string): Promise<string[]> =>
  (await metrics.text()).split('\n').filter((line) => line.startsWith(name) && !line.includes('_bucket'));

describe('what is counted', () => {
  it('calls by client and outcome', async () => {
    for (const status of [200, 200, 412, 401, 429, 500, 0]) {
      logEvent(log, 'http.request', { route: 'service', method: 'POST', client: 'ehr-a', status, durationMs: 100 });
    }
    logEvent(log, 'http.request', { route: 'discovery', method: 'GET', status: 200, durationMs: 1 });
    expect(await lines('hemolens_calls_total')).toEqual([
      'hemolens_calls_total{client="ehr-a",outcome="answered"} 2',
      'hemolens_calls_total{client="ehr-a",outcome="no-chart"} 1',
      'hemolens_calls_total{client="ehr-a",outcome="refused"} 2',
      'hemolens_calls_total{client="ehr-a",outcome="failed"} 1',
      'hemolens_calls_total{client="ehr-a",outcome="cut"} 1',
    ]);
    expect(await lines('hemolens_http_requests_total')).toContain(
      'hemolens_http_requests_total{route="discovery",method="GET",status="200"} 1',
    );
    expect(await lines('hemolens_http_request_duration_seconds_sum{route="service"}')).toEqual([
      expect.stringMatching(/ 0\.7\d*$/),
    ]);
  });

  it('cards by tier, display decisions and the time of each stage', async () => {
    const high = { client: 'ehr-a', outcome: 'scored', tier: 'high' } as const;
    logEvent(log, 'assessment.decided', { ...high, cards: 1, display: 'shown' });
    logEvent(log, 'assessment.decided', { ...high, cards: 0, display: 'cooldown' });
    logEvent(log, 'assessment.decided', { outcome: 'under-18', cards: 1, display: 'shown' });
    for (let call = 0; call < 2; call++) logEvent(log, 'assessment.answered', { assembleMs: 250, totalMs: 300 });
    expect(await lines('hemolens_cards_total')).toEqual([
      'hemolens_cards_total{tier="high"} 1',
      'hemolens_cards_total{tier="none"} 1',
    ]);
    expect(await lines('hemolens_display_decisions_total')).toContain(
      'hemolens_display_decisions_total{client="ehr-a",decision="cooldown"} 1',
    );
    expect(await lines('hemolens_assessments_total')).toContain(
      'hemolens_assessments_total{outcome="under-18",tier="none"} 1',
    );
    expect(await lines('hemolens_stage_duration_seconds')).toEqual(
      expect.arrayContaining([
        'hemolens_stage_duration_seconds_sum{stage="assemble"} 0.5',
        'hemolens_stage_duration_seconds_count{stage="total"} 2',
      ]),
    );
  });

  it('FHIR calls, although their level is not written', async () => {
    logEvent(log, 'fhir.call', { source: 'labs', outcome: 'timeout', durationMs: 1200 });
    expect(written).toEqual([]);
    expect(await lines('hemolens_fhir_calls_total')).toEqual([
      'hemolens_fhir_calls_total{source="labs",outcome="timeout"} 1',
    ]);
  });

  it('faults and refusals by code, and those that protect the service', async () => {
    logEvent(log, 'http.fault', { status: 500, code: 'ERR_STORE' });
    logEvent(log, 'http.fault', { status: 503, code: 'ERR_OVERLOADED' });
    for (const [status, code] of [
      [401, 'ERR_UNAUTHENTICATED'],
      [413, 'ERR_BODY_TOO_LARGE'],
      [429, 'ERR_RATE_LIMITED'],
      [400, 'ERR_REQUEST_INVALID'],
    ] as const) {
      logEvent(log, 'http.refused', { status, code });
    }
    expect(written).toHaveLength(2);
    expect(await lines('hemolens_faults_total')).toEqual([
      'hemolens_faults_total{code="ERR_STORE"} 1',
      'hemolens_faults_total{code="ERR_OVERLOADED"} 1',
    ]);
    expect((await lines('hemolens_protective_refusals_total')).map((line) => line.match(/\d+/)?.[0])).toEqual([
      '503',
      '401',
      '413',
      '429',
    ]);
    expect(await lines('hemolens_refusals_total')).toHaveLength(4);
  });

  it('feedback by outcome and reason; a code that is not offered is other', async () => {
    logEvent(log, 'feedback.item', { outcome: 'overridden', reason: 'patient-refuses' });
    logEvent(log, 'feedback.item', { outcome: 'overridden', reason: 'Jane-Doe' });
    logEvent(log, 'feedback.item', { outcome: 'accepted' });
    expect(await lines('hemolens_feedback_total')).toEqual([
      'hemolens_feedback_total{outcome="overridden",reason="patient-refuses"} 1',
      'hemolens_feedback_total{outcome="overridden",reason="other"} 1',
      'hemolens_feedback_total{outcome="accepted",reason="none"} 1',
    ]);
  });

  it('writes to the store and the depth of the spool', async () => {
    logEvent(log, 'store.written', { target: 'database', durationMs: 2 });
    logEvent(log, 'store.written', { target: 'spool', durationMs: 1 });
    logEvent(log, 'store.spool', { depth: 3 });
    logEvent(log, 'store.spool', { depth: 0 });
    expect(await lines('hemolens_store_writes_total')).toHaveLength(2);
    expect(await lines('hemolens_store_spool_depth')).toEqual(['hemolens_store_spool_depth 0']);
  });

  it('the model that was verified last, and no other', async () => {
    const model = (id: string) => ({ id, version: '1.0.0', sha256: 'a'.repeat(64) });
    logEvent(log, 'model.verified', model('first'));
    logEvent(log, 'model.verified', model('second'));
    expect(await lines('hemolens_model_info')).toEqual([
      `hemolens_model_info{id="second",version="1.0.0",sha256="${'a'.repeat(64)}"} 1`,
    ]);
  });

  it('how late the event loop runs', async () => {
    const lag = await lines('hemolens_event_loop_lag_seconds');
    expect(lag.map((line) => line.replace(/ [\d.e-]+$/, ''))).toEqual(
      ['0.5', '0.99', '1'].map((quantile) => `hemolens_event_loop_lag_seconds{quantile="${quantile}"}`),
    );
  });
});

describe('no figure holds what a caller or a chart says', () => {
  const SIZE = 5_000;

  it('hostile values in every field of every event end as other, and the number of series is bounded', async () => {
    for (let at = 0; at < SIZE / 10; at++) {
      for (const [event, { fields }] of Object.entries(EVENTS)) {
        const line: Record<string, unknown> = { event };
        for (const [name, kind] of Object.entries(fields)) {
          line[name] = kind === 'number' ? at : `CANARY${at}"}\n# evil{x="`;
        }
        metrics.count(line);
      }
    }
    for (let at = 0; at < SIZE; at++) metrics.count({ event: `CANARY${at}` });
    const text = await metrics.text();
    // Ids of clients and models are not a caller's to choose: quoted, and no more than a fixed number of them.
    const withoutNames = text.replaceAll(/(client|id|version)="(?:[^"\\]|\\.)*"/g, '');
    expect(withoutNames).not.toContain('CANARY');
    const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(series.length).toBeLessThan(2_000);
    expect(series.filter((line) => line.startsWith('hemolens_calls_total')).length).toBeLessThanOrEqual(1_001);
  });
});
