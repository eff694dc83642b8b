/**
 * One person's device: signs in, writes when it is told to, shows what arrives, and does what a
 * good client does when a datacentre goes away: goes to the next one, writes again what is in doubt
 * (under the same `random_id`), and asks for what it may have missed. Runs in the cluster world and
 * in the live world; everything it needs is handed in.
 */
import type { AuthKey } from '../../system-under-test/mtproto/server-connection.ts';
import { longOf, type tl } from '../../system-under-test/schema/tl.ts';
import { BoxFollower } from './box-follower.ts';
import { ChatReader } from './chat-reader.ts';
import { DeviceChannels } from './device-channels.ts';
import { DeviceLink, type DeviceWorld } from './device-link.ts';
import { DeviceTimers } from './device-timers.ts';
import type { AuditedMessage, Ledger, LedgerEntry } from './ledger.ts';
import { MessageWriter } from './message-writer.ts';
import { type ReadPointer, updatesIn } from './received.ts';
import type { DueOperation } from './workload.ts';

export interface VirtualUserOptions extends DeviceWorld {
  readonly phone: string;
  readonly name: string;
  /** 0: the one that writes. 1: the user's second one. */
  readonly device: number;
  readonly ledger: Ledger;
  /** Index of a user by the id that the system knows it under. */
  readonly directory: UserDirectory;
  /**
   * A client that knows nothing of queues: once a message is acknowledged as queued it forgets
   * about it, and goes home as soon as home answers. Home must keep the order.
   */
  readonly plain?: boolean;
  /** Opens a chat so often and checks what it is shown; never when absent. */
  readonly lookEveryMs?: number;
  /** An authorisation made beforehand; without one the user signs in. */
  readonly authorization?: { readonly key: AuthKey; readonly userId: number };
}

/** Who is who, filled in as users sign in. */
export interface UserDirectory {
  readonly userIds: Map<number, number>;
}

export class VirtualUser {
  readonly #o: VirtualUserOptions;
  #userId: number | undefined;
  readonly #peers = new Map<number, tl.RawInputPeerUser>();
  readonly #timers: DeviceTimers;
  readonly #link: DeviceLink;
  readonly #writer: MessageWriter;
  readonly #box: BoxFollower;
  readonly #chats: ChatReader;
  /** How far chats have been read, by whose pointer and whose chat. */
  readonly #readTo = new Map<string, number>();
  readonly channels: DeviceChannels;

  constructor(options: VirtualUserOptions) {
    this.#o = options;
    const { clock, index, device, ledger, randomness } = options;
    this.#userId = options.authorization?.userId;
    if (this.#userId !== undefined) options.directory.userIds.set(this.#userId, index);
    const timers = new DeviceTimers(clock, index + device * 53);
    this.#timers = timers;
    const link: DeviceLink = new DeviceLink(options, options.authorization?.key, timers, {
      update: (update) => this.#receive(update),
      reopened: () => this.#reopened(),
      lost: () => this.#writer.lost(),
      mustStay: () => this.#writer.mustStay,
      signedIn: () => this.#userId !== undefined,
    });
    this.#link = link;
    this.#writer = new MessageWriter({
      clock,
      ready: () => link.ready,
      isCurrent: (connection) => link.isCurrent(connection),
      giveUp: (connection) => link.giveUp(connection),
      after: (ms, run) => timers.after(ms, run),
      plain: options.plain === true,
    });
    this.#box = new BoxFollower({
      call: (method) => link.call(method),
      after: (ms, run) => timers.after(ms, run),
      show: (message) => this.#show(message),
      settled: (writes) => this.#writer.settle(writes),
      read: (pointer) => this.#read(pointer),
      other: (update) => this.channels.receive(update),
      connected: () => link.connected,
    });
    this.#chats = new ChatReader({
      call: (method) => link.call(method),
      connected: () => link.connected,
      stale: (text) => ledger.broken('stale', `user ${index}: ${text}`),
      draw: (below) => (randomness.bytes(4)[0] ?? 0) % below,
    });
    this.channels = new DeviceChannels({
      user: index,
      device,
      clock,
      timers,
      link,
      writer: this.#writer,
      ledger: ledger.channels,
      peerOf: (user) => this.#peers.get(user),
    });
    if (device > 0) ledger.echoes.expect(index);
  }

  get index(): number {
    return this.#o.index;
  }

  /** The DC that the device is connected to, undefined for none. */
  get connectedTo(): number | undefined {
    return this.#link.connectedTo;
  }

  get userId(): number | undefined {
    return this.#userId;
  }

  get looks(): ChatReader['stats'] {
    return this.#chats.stats;
  }

  get stats(): DeviceLink['stats'] {
    return this.#link.stats;
  }

  get unconfirmed(): number {
    return this.#writer.unconfirmed;
  }

  /** Connects and signs in; rejects when home cannot be reached or refuses. */
  async start(): Promise<void> {
    await this.#link.start();
    if (this.#userId === undefined) await this.#signIn();
    await this.#link.settle();
    await this.#box.start();
    const { lookEveryMs } = this.#o;
    if (lookEveryMs !== undefined) this.#timers.every(lookEveryMs, () => this.#chats.look());
  }

  /** Learns how to address these people. Everyone must have signed up before. */
  async meet(people: readonly { readonly index: number; readonly phone: string }[]): Promise<void> {
    const batch = 100;
    for (let from = 0; from < people.length; from += batch) {
      const some = people.slice(from, from + batch);
      const answer = (await this.#link.call({
        _: 'contacts.importContacts',
        contacts: some.map((person) => ({
          _: 'inputPhoneContact' as const,
          clientId: longOf(person.index, 0),
          phone: person.phone,
          firstName: `user ${person.index}`,
          lastName: '',
        })),
      })) as tl.contacts.RawImportedContacts;
      const users = new Map(answer.users.map((user) => [user.id, user]));
      for (const imported of answer.imported) {
        const user = users.get(imported.userId);
        if (user?._ !== 'user' || !user.accessHash) continue;
        const { id: userId, accessHash } = user;
        const peer: tl.RawInputPeerUser = { _: 'inputPeerUser', userId, accessHash };
        this.#peers.set(imported.clientId.low, peer);
        this.#chats.knows(userId, peer);
      }
    }
  }

  knows(index: number): boolean {
    return this.#peers.has(index);
  }

  /** Writes a message, now or as soon as there is a connection. Never throws. */
  send(entry: LedgerEntry, text: string): void {
    const { ledger } = this.#o;
    const peer = this.#peers.get(entry.recipient);
    if (!peer) {
      entry.refused = 'the recipient is unknown';
      return;
    }
    this.#writer.write({
      text,
      peer,
      randomId: longOf(entry.id + 1, this.#o.index + 1),
      sent: (nowMs) => {
        entry.sentMs ??= nowMs;
      },
      acked: (how, nowMs) => ledger.acked(entry, how, nowMs),
      answered: (answer) => {
        if (answer._ !== 'updateShortSentMessage') return;
        this.#chats.saw(peer.userId, answer.id);
        this.#box.advance(answer.pts, answer.ptsCount);
      },
      refused: (why) => {
        entry.refused = why;
      },
    });
  }

  /** Does what is due, now or as soon as there is a connection. Never throws. */
  perform(operation: DueOperation, dueMs: number, measured: boolean): void {
    switch (operation.kind) {
      case 'away':
        this.#link.switchOff(operation.forMs);
        return;
      case 'read_chat':
        void this.#readChat(operation.peer);
        return;
      default:
        this.channels.perform(operation, dueMs, measured);
    }
  }

  /** Everything in the own box from the start, in order; from home, or rejects. */
  readBox(): Promise<AuditedMessage[]> {
    return this.#box.readAll();
  }

  stop(): void {
    this.#timers.stop();
    this.#link.stop();
  }

  async #signIn(): Promise<void> {
    const { phone, name } = this.#o;
    const sent = (await this.#link.call({
      _: 'auth.sendCode',
      phoneNumber: phone,
      apiId: 1,
      apiHash: 'virtual user',
      settings: { _: 'codeSettings' },
    })) as tl.auth.RawSentCode;
    const signIn = { phoneNumber: phone, phoneCodeHash: sent.phoneCodeHash };
    let answer = (await this.#link.call({
      _: 'auth.signIn',
      ...signIn,
      phoneCode: String(this.#o.homeDc).repeat(5),
    })) as tl.auth.TypeAuthorization;
    if (answer._ === 'auth.authorizationSignUpRequired') {
      answer = (await this.#link.call({
        _: 'auth.signUp',
        ...signIn,
        firstName: name,
        lastName: '',
      })) as tl.auth.TypeAuthorization;
    }
    if (answer._ !== 'auth.authorization') throw new Error(`sign-in ended in ${answer._}`);
    this.#userId = answer.user.id;
    this.#o.directory.userIds.set(answer.user.id, this.#o.index);
  }

  #reopened(): void {
    this.#writer.flush();
    this.#box.catchUp();
    this.channels.reopened();
  }

  #receive(update: tl.TypeUpdates): void {
    this.#box.receive(update);
    for (const each of updatesIn(update)) this.channels.receive(each);
  }

  async #readChat(index: number): Promise<void> {
    const peer = this.#peers.get(index);
    const maxId = peer ? this.#chats.newestIn(peer.userId) : 0;
    if (!peer || maxId === 0) return;
    const { channels } = this.#o.ledger;
    channels.beginOperation();
    await this.#link.insist({ _: 'messages.readHistory', peer, maxId });
    channels.endOperation();
  }

  #read({ whose, userId, maxId }: ReadPointer): void {
    const chat = `${whose} ${userId}`;
    const before = this.#readTo.get(chat) ?? 0;
    this.#readTo.set(chat, maxId);
    if (maxId >= before) return;
    const { ledger, index } = this.#o;
    const which = whose === 'own' ? 'its own read pointer' : 'the other side’s read pointer';
    const text = `user ${index}: ${which} in the chat with ${userId} went back`;
    ledger.broken('pointer', `${text} from ${before} to ${maxId}`);
  }

  #show(message: tl.RawMessage): void {
    const { ledger, index, device, clock } = this.#o;
    if (message.peerId._ === 'peerUser') this.#chats.saw(message.peerId.userId, message.id);
    if (device > 0) ledger.echoes.shown(index, message.message);
    if (!message.out) {
      ledger.delivered(message.message, index, message.id, clock.monotonicMs());
      return;
    }
    // Own message, seen in the box: whatever was in doubt about it is settled.
    if (device === 0) this.#writer.seen(message.message);
  }
}
