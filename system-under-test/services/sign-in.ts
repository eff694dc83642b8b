/**
 * Signing in by phone and code, signing up, logging out. Only the home DC of a number answers; any
 * other one says where to go. https://core.telegram.org/api/auth
 */
import { LIMITS } from '../datacenter/limits.ts';
import type { UserRecord } from '../datacenter/records.ts';
import type { AuthKey } from '../mtproto/server-connection.ts';
import { phoneMigrate, RpcError } from '../schema/errors.ts';
import type { tl } from '../schema/tl.ts';
import { homeOfPhone } from '../topology.ts';
import { type ServiceContext, type Staged, unixSeconds } from './context.ts';
import { CODE_LENGTH, type SignInCodes } from './sign-in-codes.ts';
import { toUser } from './to-tl.ts';
import { digitsOf } from './users.ts';

/** Shortest and longest international number (ITU-T E.164), without "+". */
const PHONE_DIGITS = { min: 7, max: 15 };

/** A sign-in that is done once `durable` has resolved. */
export interface SignedIn extends Staged<tl.auth.TypeAuthorization> {
  /** Undefined where the client has to sign up first. */
  readonly userId?: number;
}

function phoneAtHome(ctx: ServiceContext, given: string): string {
  const phone = digitsOf(given);
  if (phone.length < PHONE_DIGITS.min || phone.length > PHONE_DIGITS.max) {
    throw new RpcError(400, 'PHONE_NUMBER_INVALID');
  }
  const home = homeOfPhone(ctx.topology, phone);
  if (home !== ctx.dc) throw phoneMigrate(home);
  return phone;
}

export function sendCode(
  ctx: ServiceContext,
  codes: SignInCodes,
  request: tl.auth.RawSendCodeRequest,
): tl.auth.TypeSentCode {
  const phone = phoneAtHome(ctx, request.phoneNumber);
  return {
    _: 'auth.sentCode',
    type: { _: 'auth.sentCodeTypeApp', length: CODE_LENGTH },
    phoneCodeHash: codes.send(phone),
  };
}

export async function signIn(
  ctx: ServiceContext,
  codes: SignInCodes,
  key: AuthKey,
  request: tl.auth.RawSignInRequest,
): Promise<SignedIn> {
  const phone = phoneAtHome(ctx, request.phoneNumber);
  codes.check(phone, request.phoneCodeHash, request.phoneCode ?? '');
  const user = await ctx.directory.userByPhone(phone, ctx.dc);
  if (!user) {
    return { answer: { _: 'auth.authorizationSignUpRequired' }, durable: Promise.resolve() };
  }
  codes.used(request.phoneCodeHash);
  return bind(ctx, key, user, []);
}

export async function signUp(
  ctx: ServiceContext,
  codes: SignInCodes,
  key: AuthKey,
  request: tl.auth.RawSignUpRequest,
): Promise<SignedIn> {
  const phone = phoneAtHome(ctx, request.phoneNumber);
  codes.requireProven(phone, request.phoneCodeHash);
  const firstName = request.firstName.trim();
  const lastName = request.lastName.trim();
  if (firstName === '' || firstName.length > LIMITS.nameCharactersMax) {
    throw new RpcError(400, 'FIRSTNAME_INVALID');
  }
  if (lastName.length > LIMITS.nameCharactersMax) throw new RpcError(400, 'LASTNAME_INVALID');
  // Two devices may sign up with one number at once: the second finds the first one's account,
  // so this lane, unlike others, waits for the disk.
  return ctx.lanes.run(`phone ${phone}`, async () => {
    const existing = await ctx.directory.userByPhone(phone, ctx.dc);
    codes.used(request.phoneCodeHash);
    if (existing) return bind(ctx, key, existing, []);
    const createdAt = unixSeconds(ctx.clock);
    const { user, writes } = ctx.directory.newUser({ phone, firstName, lastName, createdAt });
    const signedIn = bind(ctx, key, user, writes);
    await signedIn.durable;
    return signedIn;
  });
}

function bind(
  ctx: ServiceContext,
  key: AuthKey,
  user: UserRecord,
  writes: ReturnType<ServiceContext['directory']['userWrites']>,
): SignedIn {
  const durable = ctx.commits
    .append([...writes, ctx.directory.signInWrite(key, user.id)], [], true)
    .then(() => ctx.directory.signedIn(key, user.id));
  return {
    answer: { _: 'auth.authorization', user: toUser(ctx, user, { self: true }) },
    durable,
    userId: user.id,
  };
}

/** At the home DC of the key's user. */
export function logOut(ctx: ServiceContext, authKeyId: string): Staged<tl.auth.TypeLoggedOut> {
  const durable = ctx.commits
    .append([ctx.directory.signOutWrite(authKeyId)], [], true)
    .then(() => ctx.directory.signedOut(authKeyId));
  return { answer: { _: 'auth.loggedOut' }, durable };
}
