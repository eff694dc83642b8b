/** `--dashboard [port]` of run and drill: the option, and the life of the server around a run. */
import type { Command } from 'commander';
import type { AboutRun, DashboardEvent } from '../reports/dashboard/events.ts';
import { DashboardFeed } from '../reports/dashboard/feed.ts';
import { dashboardPage } from '../reports/dashboard/page.ts';
import { DashboardServer } from '../reports/dashboard/server.ts';
import type { Watched } from '../reports/live-figures.ts';
import { verdictSentence } from '../reports/render/format.ts';
import type { ResultsDocument, WorldResult } from '../reports/results.ts';
import type { Look, Progress } from '../scenarios/worlds/world.ts';
import { InvalidInput } from './exit-codes.ts';
import { snapshotOf } from './live-view-figures.ts';
import type { OptionReader } from './option-values.ts';

/** Adds the option; what it holds is read by `readDashboard`. */
export function addDashboardOption(command: Command): Command {
  return command.option(
    '--dashboard [port]',
    'watch it in a browser, at 127.0.0.1 (default: a free port); goes behind the name',
  );
}

/** As commander hands it over. */
export type RawDashboard = string | boolean | undefined;

/** The port, 0 for a free one; undefined where no dashboard is wanted. */
export function readDashboard(raw: RawDashboard, read: OptionReader): number | undefined {
  if (raw === undefined || raw === false) return undefined;
  return raw === true ? 0 : read.integer('--dashboard', raw, 1, 65_535);
}

/** What a run tells the dashboard; nothing happens where there is none. */
export class Dashboard {
  readonly #server: DashboardServer;
  readonly #feed: DashboardFeed;
  readonly #watched: Watched;

  private constructor(server: DashboardServer, feed: DashboardFeed, watched: Watched) {
    this.#server = server;
    this.#feed = feed;
    this.#watched = watched;
  }

  /** Throws `InvalidInput` where the port is not to be had. */
  static async start(port: number, about: AboutRun, watched: Watched): Promise<Dashboard> {
    let server: DashboardServer | undefined;
    const publish = (event: DashboardEvent): void => server?.publish(event);
    const feed = new DashboardFeed(about, watched, publish, () => performance.now());
    const page = dashboardPage(about, feed.lightsAtStart());
    const runId = `${process.pid}x${Math.round(performance.timeOrigin).toString(36)}`;
    try {
      server = await DashboardServer.start({ port, runId, page });
    } catch (error) {
      throw new InvalidInput([`--dashboard ${port}: ${whyNot(error)}`]);
    }
    return new Dashboard(server, feed, watched);
  }

  get url(): string {
    return this.#server.url;
  }

  progress(world: string, report: Progress): void {
    this.#feed.progress(world, report);
  }

  look(world: string, look: Look): void {
    this.#feed.look(world, snapshotOf(look, this.#watched));
  }

  judged(world: string, result: WorldResult): void {
    this.#feed.judged(world, result);
  }

  /** The end of a command that has a verdict. */
  ended(results: ResultsDocument, report: string | undefined): void {
    const { verdict } = results;
    const text = verdictSentence(results);
    this.#feed.end({ how: 'ended', verdict, text, ...(report === undefined ? {} : { report }) });
  }

  /** The end of one that has none. */
  failed(interrupted: boolean): void {
    this.#feed.end(
      interrupted
        ? { how: 'interrupted', text: 'The command was stopped: there is no verdict.' }
        : { how: 'failed', text: 'The command failed; its terminal says why.' },
    );
  }

  close(): Promise<void> {
    return this.#server.close();
  }
}

/** For those who look on, if there is anybody; `world` is the one that runs. */
export function observerOf(
  view: ((look: Look) => void) | undefined,
  dashboard: Dashboard | undefined,
  world: () => string,
): ((look: Look) => void) | undefined {
  if (dashboard === undefined) return view;
  return (look) => {
    view?.(look);
    dashboard.look(world(), look);
  };
}

function whyNot(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') {
    return 'the port is in use; name another one, or none for a free one';
  }
  if (code === 'EACCES') return 'this port is not for you; use one from 1024 on';
  return `no server could be started (${message})`;
}
