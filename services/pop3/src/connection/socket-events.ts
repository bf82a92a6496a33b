/**
 * Ties a socket's events to its connection by one set of functions shared by all sockets, so that
 * ten thousand connections do not carry ten thousand sets of closures.
 *
 * Never: an unhandled 'error' event or an exception let out, either of which would end the worker.
 */

import type { Socket } from 'node:net';

/** What a socket has to tell. */
export interface SocketOwner {
  received(bytes: Uint8Array): void;
  drained(): void;
  inputEnded(): void;
  failed(): void;
  over(): void;
  /** One of the others threw. Must not throw. */
  broke(error: unknown): void;
}

const owner = Symbol('owner');

type OwnedSocket = Socket & { [owner]?: SocketOwner };

function onData(this: OwnedSocket, bytes: Buffer): void {
  const connection = this[owner];
  if (connection === undefined) return;
  try {
    connection.received(bytes);
  } catch (error) {
    connection.broke(error);
  }
}

function onDrain(this: OwnedSocket): void {
  const connection = this[owner];
  if (connection === undefined) return;
  try {
    connection.drained();
  } catch (error) {
    connection.broke(error);
  }
}

function onEnd(this: OwnedSocket): void {
  const connection = this[owner];
  if (connection === undefined) return;
  try {
    connection.inputEnded();
  } catch (error) {
    connection.broke(error);
  }
}

function onError(this: OwnedSocket): void {
  const connection = this[owner];
  if (connection === undefined) return;
  try {
    connection.failed();
  } catch (error) {
    connection.broke(error);
  }
}

function onClose(this: OwnedSocket): void {
  const connection = this[owner];
  if (connection === undefined) return;
  try {
    connection.over();
  } catch (error) {
    connection.broke(error);
  }
}

export function adopt(socket: OwnedSocket, connection: SocketOwner): void {
  socket[owner] = connection;
  socket.on('data', onData);
  socket.on('drain', onDrain);
  socket.on('end', onEnd);
  socket.on('error', onError);
  socket.on('close', onClose);
}

/** Before the socket gets another owner. */
export function leave(socket: OwnedSocket): void {
  disown(socket);
  socket.off('error', onError);
  socket.off('close', onClose);
}

/**
 * Before the socket is wrapped by TLS: its bytes are no longer ours, its end still is, for it may
 * die in the handshake.
 */
export function disown(socket: OwnedSocket): void {
  socket.off('data', onData);
  socket.off('drain', onDrain);
  socket.off('end', onEnd);
}
