/**
 * Looking people up, and a user's contacts. https://core.telegram.org/method/contacts.importContacts
 */
import { boxPartition, contactKey } from '../datacenter/keys.ts';
import { LIMITS } from '../datacenter/limits.ts';
import { LinkDownError } from '../datacenter/outgoing-link.ts';
import { pack, type UserRecord } from '../datacenter/records.ts';
import { RpcError } from '../schema/errors.ts';
import type { tl } from '../schema/tl.ts';
import { homeOfPhone } from '../topology.ts';
import type { Actor, ServiceContext, Staged, WriteOrigin } from './context.ts';
import { requireAtHome } from './effects.ts';
import { addressedUser, peerUser, toUser, type View } from './to-tl.ts';

export async function getUsers(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.users.RawGetUsersRequest,
): Promise<tl.TypeUser[]> {
  tooMany(request.id.length);
  return Promise.all(
    request.id.map(async (input): Promise<tl.TypeUser> => {
      const user = await addressedUser(ctx, actor.userId, input);
      return toUser(ctx, user, await viewOf(ctx, actor, user.id));
    }),
  );
}

/** Everyone named, as the actor sees them; unknown ids are left out. */
export async function viewOfUsers(
  ctx: ServiceContext,
  actor: Actor,
  userIds: Iterable<number>,
): Promise<tl.TypeUser[]> {
  const users: tl.TypeUser[] = [];
  for (const userId of new Set(userIds)) {
    const user = await ctx.directory.user(userId);
    if (user) users.push(toUser(ctx, user, await viewOf(ctx, actor, userId)));
  }
  return users;
}

async function viewOf(ctx: ServiceContext, actor: Actor, userId: number): Promise<View> {
  if (userId === actor.userId) return { self: true };
  const contact = await ctx.reader.contact(actor.userId, userId);
  return contact ? { contact } : {};
}

/** "+44 20 7946 0000" as digits. */
export function digitsOf(phone: string): string {
  return phone.replace(/\D/g, '');
}

export async function resolvePhone(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.contacts.RawResolvePhoneRequest,
): Promise<tl.contacts.TypeResolvedPeer> {
  const user = await findByPhone(ctx, actor, digitsOf(request.phone));
  if (!user) throw new RpcError(400, 'PHONE_NOT_OCCUPIED');
  const view = await viewOf(ctx, actor, user.id);
  return {
    _: 'contacts.resolvedPeer',
    peer: peerUser(user.id),
    chats: [],
    users: [toUser(ctx, user, view)],
  };
}

/** In the replica first; a newcomer may be known only at home. */
async function findByPhone(
  ctx: ServiceContext,
  actor: Actor,
  phone: string,
): Promise<UserRecord | undefined> {
  const home = homeOfPhone(ctx.topology, phone);
  const known = await ctx.directory.userByPhone(phone, home);
  if (known || home === ctx.dc) return known;
  try {
    const answer = await ctx.ask(home, actor, { _: 'contacts.resolvePhone', phone });
    if (answer._ !== 'contacts.resolvedPeer') return undefined;
    const user = answer.users[0];
    if (user?._ !== 'user') return undefined;
    const { id, firstName = '', lastName = '' } = user;
    return { id, phone, firstName, lastName, createdAt: 0 };
  } catch (error) {
    if (error instanceof RpcError || error instanceof LinkDownError) return undefined;
    throw error;
  }
}

export function importContacts(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.contacts.RawImportContactsRequest,
  origin: WriteOrigin,
): Promise<Staged<tl.contacts.TypeImportedContacts>> {
  tooMany(request.contacts.length);
  return ctx.lanes.run(actor.userId, async () => {
    requireAtHome(ctx, actor.userId);
    const partition = boxPartition(ctx.dc, actor.userId);
    const imported: tl.TypeImportedContact[] = [];
    const users: tl.TypeUser[] = [];
    const own = [];
    for (const contact of request.contacts) {
      if (contact._ !== 'inputPhoneContact') continue;
      const user = await findByPhone(ctx, actor, digitsOf(contact.phone));
      if (!user) continue;
      imported.push({ _: 'importedContact', userId: user.id, clientId: contact.clientId });
      if (user.id === actor.userId) {
        users.push(toUser(ctx, user, { self: true }));
        continue;
      }
      const firstName = contact.firstName.slice(0, LIMITS.nameCharactersMax);
      const lastName = contact.lastName.slice(0, LIMITS.nameCharactersMax);
      users.push(toUser(ctx, user, { contact: { firstName, lastName } }));
      own.push({
        kind: 'put',
        partition,
        key: contactKey(user.id),
        value: pack([firstName, lastName]),
      } as const);
    }
    return {
      answer: {
        _: 'contacts.importedContacts',
        imported,
        popularInvites: [],
        retryContacts: [],
        users,
      },
      durable: ctx.commits.append(own, origin.local),
    };
  });
}

function tooMany(count: number): void {
  if (count > LIMITS.usersPerRequestMax) throw new RpcError(400, 'LIMIT_INVALID');
}
