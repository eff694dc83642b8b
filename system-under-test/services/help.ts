/** What a client asks before anything else. https://core.telegram.org/method/help.getConfig */
import { LIMITS } from '../datacenter/limits.ts';
import type { tl } from '../schema/tl.ts';
import { type ServiceContext, unixSeconds } from './context.ts';

/** Where clients reach a DC. */
export interface DcAddress {
  readonly id: number;
  readonly host: string;
  readonly port: number;
}

/** Seconds for which a client may keep the configuration. */
const CONFIG_SECONDS = 3_600;

export function getConfig(ctx: ServiceContext, addresses: readonly DcAddress[]): tl.RawConfig {
  const date = unixSeconds(ctx.clock);
  return {
    _: 'config',
    date,
    expires: date + CONFIG_SECONDS,
    testMode: false,
    thisDc: ctx.dc,
    dcOptions: addresses.map(({ id, host, port }) => ({
      _: 'dcOption',
      id,
      ipAddress: host,
      port,
      static: true,
    })),
    dcTxtDomainName: '',
    chatSizeMax: 0,
    megagroupSizeMax: 0,
    forwardedCountMax: 0,
    onlineUpdatePeriodMs: 210_000,
    offlineBlurTimeoutMs: 5_000,
    offlineIdleTimeoutMs: 30_000,
    onlineCloudTimeoutMs: 300_000,
    notifyCloudDelayMs: 30_000,
    notifyDefaultDelayMs: 1_500,
    pushChatPeriodMs: 60_000,
    pushChatLimit: 2,
    editTimeLimit: 0,
    revokeTimeLimit: 0,
    revokePmTimeLimit: 0,
    ratingEDecay: 2_419_200,
    stickersRecentLimit: 0,
    channelsReadMediaPeriod: 604_800,
    callReceiveTimeoutMs: 20_000,
    callRingTimeoutMs: 90_000,
    callConnectTimeoutMs: 30_000,
    callPacketTimeoutMs: 10_000,
    meUrlPrefix: '',
    captionLengthMax: 0,
    messageLengthMax: LIMITS.messageCharactersMax,
    webfileDcId: ctx.dc,
  };
}

export function getNearestDc(ctx: ServiceContext): tl.RawNearestDc {
  return { _: 'nearestDc', country: '', thisDc: ctx.dc, nearestDc: ctx.dc };
}

export function getAppConfig(): tl.help.RawAppConfig {
  return { _: 'help.appConfig', hash: 0, config: { _: 'jsonObject', value: [] } };
}
