import type { IncomingMessage, ServerResponse } from 'node:http';

const DRAIN_MS = 2_000;
const waitingToSend = new WeakSet<IncomingMessage>();

/** Marks a request whose client waits for `100 Continue` before it sends the body. */
export function expectsContinue(request: IncomingMessage): void {
  waitingToSend.add(request);
}

/** Asks for the body of such a request. */
export function askForBody(request: IncomingMessage, response: ServerResponse): void {
  if (waitingToSend.delete(request)) response.writeContinue();
}

/**
 * To be called before an answer leaves whose request may not have been read to its end. The rest of the body is read and thrown
 * away, so that the client sees the answer and the connection stays usable; one that goes on sending for long is cut. A client
 * that was never asked for its body gets its connection closed instead, as it may or may not send it.
 */
export function answerEarly(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete) return;
  if (waitingToSend.delete(request)) response.setHeader('Connection', 'close');
  request.resume();
  const cut = setTimeout(() => {
    if (!request.complete) request.socket.destroy();
  }, DRAIN_MS);
  cut.unref();
  request.once('close', () => clearTimeout(cut));
}
