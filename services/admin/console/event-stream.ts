/**
 * Server-sent events, read by a request with a header: EventSource cannot send a token but in an address.
 *
 * Never: a stream that goes on when its view was left or while nobody looks at the page; one that is silent
 * for longer than its heartbeats are apart, taken for one that has nothing to say.
 *
 * Rules: the HTML standard's server-sent events, as far as the API writes them: lines end with LF.
 */

import { type ApiClient, ApiProblem } from './api-client.ts';
import { type Fields, fieldsOf, textOf } from './fields.ts';
import { eventCharactersMax, streamAgainMs, streamSilenceMs } from './limits.ts';
import { repeat } from './view.ts';

interface HeardEvent {
  readonly name: string;
  readonly data: Fields;
}

interface FollowParts {
  readonly api: ApiClient;
  readonly path: string;
  readonly left: AbortSignal;
  readonly heard: (event: HeardEvent) => void;
}

/** Follows until `end`; begins anew when the stream breaks, or when the page is looked at again. */
export function follow({ api, path, left, heard }: FollowParts): void {
  const over = new AbortController();
  const ending = AbortSignal.any([left, over.signal]);
  const once = async (): Promise<void> => {
    const broken = new AbortController();
    const unseen = (): void => {
      if (document.hidden) broken.abort();
    };
    document.addEventListener('visibilitychange', unseen, { signal: ending });
    try {
      const events = eventsOf(api, path, AbortSignal.any([ending, broken.signal]));
      for await (const event of events) {
        if (event.name === 'problem') throw new ApiProblem(0, textOf(event.data.detail));
        if (event.name === 'end') over.abort();
        else heard(event);
      }
    } catch (error) {
      if (!ending.aborted && !broken.signal.aborted) throw error;
    } finally {
      document.removeEventListener('visibilitychange', unseen);
    }
  };
  repeat(once, streamAgainMs, ending);
}

async function* eventsOf(
  api: ApiClient,
  path: string,
  ending: AbortSignal,
): AsyncGenerator<HeardEvent> {
  const silent = new AbortController();
  const late = (): void => silent.abort();
  let timer = setTimeout(late, streamSilenceMs);
  const signal = AbortSignal.any([ending, silent.signal]);
  try {
    const decoder = new TextDecoder();
    let text = '';
    for await (const piece of piecesOf(await api.stream(path, signal))) {
      clearTimeout(timer);
      timer = setTimeout(late, streamSilenceMs);
      text += decoder.decode(piece, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      if (text.length > eventCharactersMax) throw new ApiProblem(0, 'The node says too much.');
      yield* blocks.flatMap(eventIn);
    }
  } catch (error) {
    if (ending.aborted || error instanceof ApiProblem) throw error;
    throw new ApiProblem(0, 'The node cannot be reached.');
  } finally {
    clearTimeout(timer);
  }
}

/** Not every browser lets a stream be walked through. */
async function* piecesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { value } = await reader.read();
      if (value === undefined) return;
      yield value;
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

/** None in a comment, which is a heartbeat. */
function eventIn(block: string): HeardEvent[] {
  const [, name = ''] = /^event: (.*)$/m.exec(block) ?? [];
  const [, data = ''] = /^data: (.*)$/m.exec(block) ?? [];
  return name === '' ? [] : [{ name, data: fieldsOf(JSON.parse(data)) }];
}
