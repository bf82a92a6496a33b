/**
 * The clients of a process, as its order has them.
 */

import type { Client } from '../client.ts';
import { mailboxesOf } from '../client.ts';
import type { LoadOrder } from '../order.ts';
import { ChurnClient, DeliveryClient } from './delivery.ts';
import { DrainClient } from './drain.ts';
import { IdleClient } from './idle.ts';
import { ListingClient } from './listing.ts';
import { MixedClient } from './mixed.ts';
import { OpeningClient } from './opening.ts';
import { ChangedPollClient, PollClient } from './poll.ts';
import { RetrievalClient } from './retrieval.ts';
import { TurnoverClient } from './turnover.ts';

function clientFor(order: LoadOrder, mailboxes: readonly number[]): Client {
  const { task } = order;
  switch (task.kind) {
    case 'poll':
      return new PollClient(order, mailboxes, task);
    case 'poll-changed':
      return new ChangedPollClient(order, mailboxes);
    case 'opening':
      return new OpeningClient(order, mailboxes, task.isChanged);
    case 'listing':
      return new ListingClient(order, mailboxes);
    case 'retrieval':
      return new RetrievalClient(order, mailboxes, task);
    case 'drain':
      return new DrainClient(order, mailboxes, task.pipelined);
    case 'delivery':
      return new DeliveryClient(order, mailboxes, task.recipients);
    case 'churn':
      return new ChurnClient(order, mailboxes);
    case 'turnover':
      return new TurnoverClient(order, mailboxes, task.messages);
    case 'idle':
      return new IdleClient(order, mailboxes, task);
    case 'mixed':
      return new MixedClient(order, mailboxes, task.weights);
  }
}

/** Every client whose number falls to this process. */
export function clientsOf(order: LoadOrder): Client[] {
  const clients: Client[] = [];
  for (let number = order.process; number < order.clients; number += order.processes) {
    clients.push(clientFor(order, mailboxesOf(order, number)));
  }
  return clients;
}
