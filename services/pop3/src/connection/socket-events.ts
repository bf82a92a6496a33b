/**
 * Ties a socket's events to its connection by one set of functions shared by all sockets, so that
 * ten thousand connections do not carry ten thousand sets of closures.
 *
 * Never: an unhandled 'error' event, which would end the worker.
 */

import type { Socket } from 'node:net';

/** What a socket has to tell. */
export interface SocketOwner {
  received(bytes: Uint8Array): void;
  drained(): void;
  inputEnded(): void;
  failed(): void;
  over(): void;
}

const owner = Symbol('owner');

type OwnedSocket = Socket & { [owner]?: SocketOwner };

function onData(this: OwnedSocket, bytes: Buffer): void {
  this[owner]?.received(bytes);
}

function onDrain(this: OwnedSocket): void {
  this[owner]?.drained();
}

function onEnd(this: OwnedSocket): void {
  this[owner]?.inputEnded();
}

function onError(this: OwnedSocket): void {
  this[owner]?.failed();
}

function onClose(this: OwnedSocket): void {
  this[owner]?.over();
}

export function adopt(socket: OwnedSocket, connection: SocketOwner): void {
  socket[owner] = connection;
  socket.on('data', onData);
  socket.on('drain', onDrain);
  socket.on('end', onEnd);
  socket.on('error', onError);
  socket.on('close', onClose);
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
