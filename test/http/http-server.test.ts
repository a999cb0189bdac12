import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { openHttpServer } from '../../src/http/http-server.js';

const LOOPBACK = { host: '127.0.0.1', port: 0 };

describe('stopping the service', () => {
  it('lets a call in flight be answered, then closes its connection', async () => {
    const server = await openHttpServer(
      (_request, response) => setTimeout(() => response.end('answered'), 100),
      LOOPBACK,
    );
    const answer = fetch(server.url).then((response) => response.text());
    await wait(30);
    const closing = server.close();
    expect(await answer).toBe('answered');
    const { cut, durationMs } = await closing;
    expect(cut).toBe(false);
    expect(durationMs).toBeLessThan(2000);
    await expect(fetch(server.url)).rejects.toThrow();
  });

  it('cuts a call that does not end within the grace period', async () => {
    const server = await openHttpServer(() => undefined, { ...LOOPBACK, closeGraceMs: 50 });
    const answer = fetch(server.url).then(
      () => 'answered',
      () => 'cut',
    );
    await wait(30);
    expect((await server.close()).cut).toBe(true);
    expect(await answer).toBe('cut');
  });
});

describe('starting the service', () => {
  it('takes a free port when asked for none', async () => {
    const server = await openHttpServer((_request, response) => response.end(), LOOPBACK);
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    expect((await fetch(server.url)).status).toBe(200);
    await server.close();
  });

  it('fault: is refused, naming the port, when the port is taken', async () => {
    const server = await openHttpServer((_request, response) => response.end(), LOOPBACK);
    await expect(openHttpServer(() => undefined, { ...LOOPBACK, port: server.port })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      detail: `cannot listen on port ${server.port} of 127.0.0.1`,
    });
    await server.close();
  });
});
