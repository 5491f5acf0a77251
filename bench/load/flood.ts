/**
 * A process that sends requests at a fixed rate, however fast they are answered, and so more than
 * the server can serve. It counts the time from when a request was due. `startFlood` runs it.
 */
import { Connection } from './connection.ts';
import { percentile } from './statistics.ts';

export interface Flood {
  readonly base: string;
  /** They are sent again from the first one when all were sent. */
  readonly requests: readonly string[];
  readonly perSecond: number;
  readonly milliseconds: number;
}

export interface Flooded {
  readonly offered: number;
  readonly accepted: number;
  /** Of accepted requests, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Refused with 429, or with 503. */
  readonly refused: number;
  /** Refused without Retry-After, answered otherwise, or lost. */
  readonly failed: number;
  readonly seconds: number;
}

async function flood({ base, requests, perSecond, milliseconds }: Flood): Promise<Flooded> {
  const idle: Connection[] = [];
  const times: number[] = [];
  let [running, offered, refused, failed] = [0, 0, 0, 0];
  const sendOne = async (request: string, due: number) => {
    running++;
    const connection = idle.pop() ?? new Connection(base);
    try {
      const { status, head } = await connection.send(request);
      idle.push(connection);
      if (status < 300) times.push(performance.now() - due);
      else if (status !== 429 && status !== 503) failed++;
      else if (/\r\nretry-after:/i.test(head)) refused++;
      else failed++;
    } catch {
      failed++;
    }
    running--;
  };
  const begun = performance.now();
  for (let now = begun; now < begun + milliseconds; now = performance.now()) {
    for (; begun + (offered * 1000) / perSecond <= now; offered++)
      void sendOne(requests[offered % requests.length] ?? '', begun + (offered * 1000) / perSecond);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  while (running > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  for (const connection of idle) connection.close();
  const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)];
  const seconds = (performance.now() - begun) / 1000;
  return { offered, accepted: times.length, p50, p99, refused, failed, seconds };
}

if (import.meta.main) {
  process.once('message', async (order: Flood) => {
    const flooded = await flood(order);
    process.send?.(flooded, () => process.disconnect());
  });
  process.once('disconnect', () => process.exit());
}
