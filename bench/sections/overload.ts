/** What a server does that gets twice the requests it can serve. */
import { createDirectory } from '../directory/directory.ts';
import type { Flooded } from '../load/flood.ts';
import { CONNECTIONS } from '../load/load.ts';
import { MIXED_GROUP, phasesOf } from '../load/phases.ts';
import type { Probed } from '../load/probe.ts';
import { startFlood } from '../load/start-flood.ts';
import { startProbe } from '../load/start-probe.ts';
import { type Context, serve } from './section.ts';

export interface OverloadResults {
  /** Requests per second of 32 clients, each of which waits for its responses. */
  readonly capacity: number;
  readonly flooded: Flooded;
  /** Another tenant, meanwhile. */
  readonly others: Probed;
}

const TIMES = 2;
const FLOOD_MS = 6_000;
const QUICK_MS = 2_000;
/** Different requests of the mix. */
const REQUESTS = 20_000;

export async function measureOverload(context: Context): Promise<OverloadResults> {
  const { databases, options, progress } = context;
  const groups = { [MIXED_GROUP]: 1_000 };
  const directory = await createDirectory(databases, 'overload', options.users, groups);
  const { server, load } = await serve(directory, context);
  const next = phasesOf(load, directory)('mix');
  const milliseconds = options.quick ? QUICK_MS : FLOOD_MS;
  const closed = { milliseconds: milliseconds / 2, connections: CONNECTIONS };
  await load.run(next, closed);
  const { count, milliseconds: taken } = await load.run(next, closed);
  const capacity = (count * 1000) / taken;
  const requests = Array.from({ length: REQUESTS }, () => next().request);
  const { path, token } = directory.neighbour;
  const neighbour = { base: new URL(path, server.base).href, token };
  const probe = await startProbe(neighbour, { pids: [server.pid] });
  const flooded = await startFlood({
    base: server.base,
    requests,
    perSecond: TIMES * capacity,
    milliseconds,
  });
  const others = await probe.stop();
  progress(
    `${flooded.offered} requests at ${(TIMES * capacity).toFixed(0)}/s: ${flooded.accepted} ` +
      `accepted within ${flooded.p99.toFixed(0)} ms (p99), ${flooded.refused} refused`,
  );
  return { capacity, flooded, others };
}
