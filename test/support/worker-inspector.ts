/**
 * Runs a line of JavaScript in one worker thread of a running node, through the debugger that every
 * Node.js process has: how a test makes one thread throw, run out of memory or hang, without a hook
 * for it in the product.
 *
 * Never: used on a node that was not started with `inspectable`.
 */

import type { RunningNode } from './start-node.ts';

/** For `startNode`: opens the debugger on a free port of loopback. */
export const inspectable = { NODE_OPTIONS: '--inspect=127.0.0.1:0' } as const;

/** What the thread's own debugger answers. */
interface Answer {
  readonly id?: number;
  readonly result?: { readonly result?: { readonly value?: unknown } };
}

const patienceMs = 10_000;

/** What the debugger says of itself, as far as it is needed here, or the main thread's answer. */
interface Said extends Answer {
  readonly method?: string;
  readonly params?: {
    readonly sessionId?: string;
    /** What the thread's own debugger says, as text. */
    readonly message?: string;
    readonly workerInfo?: { readonly title?: string };
  };
}

/** The name of the thread that is no worker. */
export const mainThread = 'main';

/**
 * Evaluates the text in the thread whose name has this in it, such as `pop3 0`, or in `mainThread`. Resolves with what it
 * is worth if that is plain data; `undefined` when the thread has ended before it could say so.
 */
export async function evaluateInWorker(
  node: RunningNode,
  name: string,
  expression: string,
): Promise<unknown> {
  const [url] = /ws:\/\/\S+/.exec(node.log()) ?? [];
  if (url === undefined) throw new Error('the node has no debugger: start it with inspectable');
  const socket = new WebSocket(url);
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const names: string[] = [];
  const timer = setTimeout(
    () => reject(new Error(`no worker ${name} among: ${names.join(', ')}`)),
    patienceMs,
  );
  let ids = 0;
  const send = (method: string, params: Record<string, unknown>): void => {
    ids += 1;
    socket.send(JSON.stringify({ id: ids, method, params }));
  };
  socket.addEventListener('error', () => reject(new Error('the debugger does not answer')));
  socket.addEventListener('open', () => {
    if (name === mainThread) send('Runtime.evaluate', { expression, returnByValue: true });
    else send('NodeWorker.enable', { waitForDebuggerOnStart: false });
  });
  socket.addEventListener('message', ({ data }) => {
    const said: Said = JSON.parse(String(data));
    if (name === mainThread && said.id === 1) resolve(said.result?.result?.value);
    if (said.method === 'NodeWorker.attachedToWorker') {
      const title = said.params?.workerInfo?.title ?? '';
      names.push(title);
      if (!title.includes(name)) return;
      const params = { expression, returnByValue: true };
      const message = JSON.stringify({ id: 1, method: 'Runtime.evaluate', params });
      send('NodeWorker.sendMessageToWorker', { sessionId: said.params?.sessionId, message });
    }
    if (said.method === 'NodeWorker.receivedMessageFromWorker') {
      const answer: Answer = JSON.parse(said.params?.message ?? '{}');
      if (answer.id === 1) resolve(answer.result?.result?.value);
    }
    if (said.method === 'NodeWorker.detachedFromWorker') resolve(undefined);
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}
