/**
 * The nodes and their workers, and how to take a node out of service and put it back.
 */

import { segment } from '../api-client.ts';
import { confirmed } from '../dialog.ts';
import { button, type Child } from '../element.ts';
import { dateOf, type Fields, itemsOf, numberOf, textOf } from '../fields.ts';
import { listIntervalMs } from '../limits.ts';
import { attempt, sayDone } from '../notice.ts';
import { badge, type Column, Table } from '../table.ts';
import { may, repeat, type View, type ViewParts, type ViewPlace } from '../view.ts';
import { countWords, secondsWords, timeWords } from '../words.ts';

/** What a row shows of a node: its workers as one. */
function rowOf({ node, drainedSince, workers }: Fields): Fields {
  const alive = itemsOf(workers).filter(({ isAlive }) => isAlive === true);
  const ages = alive.map(({ leaseAgeSeconds }) => numberOf(leaseAgeSeconds));
  const started = alive.map(({ startedAt }) => textOf(startedAt)).sort();
  const versions = [...new Set(alive.map(({ version }) => textOf(version)))];
  const isDraining = alive.some((worker) => worker.isDraining === true);
  const serving = isDraining ? 'draining' : 'serving';
  return {
    ...{ node, drainedSince, workers: alive.length, version: versions.join(', ') },
    state: alive.length === 0 ? 'down' : serving,
    sessions: alive.reduce((sum, { sessions }) => sum + numberOf(sessions), 0),
    leaseAgeSeconds: alive.length === 0 ? null : Math.max(0, ...ages),
    startedAt: started[0] ?? null,
  };
}

function columns(parts: ViewParts, refresh: () => Promise<void>): Column[] {
  const actions = ({ node, drainedSince }: Fields): Child => {
    const name = textOf(node);
    if (drainedSince !== null) {
      return button('Undrain', () => attempt(() => undrain(parts, name, refresh)), {
        name: `Put ${name} back into service`,
        look: 'main',
      });
    }
    return button('Drain', () => attempt(() => drain(parts, name, refresh)), {
      name: `Take ${name} out of service`,
      look: 'danger',
    });
  };
  return [
    { head: 'Node', cell: ({ node }) => textOf(node) },
    { head: 'State', cell: ({ state }) => badge(textOf(state)) },
    {
      head: 'Ordered to drain',
      cell: ({ drainedSince }) => timeWords(dateOf(drainedSince)) || 'no',
    },
    { head: 'Sessions', isNumber: true, cell: ({ sessions }) => countWords(numberOf(sessions)) },
    { head: 'Workers', isNumber: true, cell: ({ workers }) => countWords(numberOf(workers)) },
    {
      head: 'Lease renewed',
      isNumber: true,
      cell: ({ leaseAgeSeconds }) =>
        leaseAgeSeconds === null ? 'no more' : `${secondsWords(numberOf(leaseAgeSeconds))} ago`,
    },
    { head: 'Started', cell: ({ startedAt }) => timeWords(dateOf(startedAt)) },
    { head: 'Version', cell: ({ version }) => textOf(version) },
    ...(may(parts.self, 'nodes') ? [{ head: 'Actions', cell: actions }] : []),
  ];
}

async function drain(
  { api }: ViewParts,
  node: string,
  refresh: () => Promise<void>,
): Promise<void> {
  const text =
    'It takes no new sessions, also when it restarts, and ends those that are open in good order. Its mailboxes are served by the other nodes.';
  const isSure = await confirmed({
    ...{ title: `Take ${node} out of service?`, text, does: 'Drain', isDanger: true },
  });
  if (!isSure) return;
  await api.send('PUT', `/nodes/${segment(node)}/drain`);
  sayDone(`${node} drains: it hears of it within 5 seconds.`);
  await refresh();
}

async function undrain(
  { api }: ViewParts,
  node: string,
  refresh: () => Promise<void>,
): Promise<void> {
  await api.send('DELETE', `/nodes/${segment(node)}/drain`);
  sayDone(`${node} is put back into service: it hears of it within 5 seconds.`);
  await refresh();
}

async function open(parts: ViewParts): Promise<View> {
  const refresh = async (): Promise<void> => {
    const { items } = await parts.api.get('/nodes?limit=500');
    table.show(itemsOf(items).map(rowOf));
  };
  const table = new Table({
    caption: 'Nodes',
    empty: 'No node is known.',
    key: ({ node }) => textOf(node),
    columns: columns(parts, refresh),
  });
  repeat(refresh, listIntervalMs, parts.left);
  return { title: 'Nodes', content: table.element };
}

export const nodesPlace: ViewPlace = {
  name: 'nodes',
  label: 'Nodes',
  isFor: (self) => may(self, 'read', 'nodes') && self.domain === null,
  open,
};
