/**
 * A process that sends requests at a fixed rate, however fast they are answered, and so more than
 * the server can serve. It counts the time from when a request was due, even if it couldn't be sent
 * then. `startFlood` runs it.
 */
import { Connection, saysWhen } from './connection.ts';
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

/** Those of several busy clients. */
const CONNECTIONS = 1_500;

async function flood({ base, requests, perSecond, milliseconds }: Flood): Promise<Flooded> {
  const idle = Array.from({ length: CONNECTIONS }, () => new Connection(base));
  const send = (connection: Connection, n: number) =>
    connection.send(requests[n % requests.length] ?? '');
  // The server accepts only so many connections on which no valid token has come.
  for (const [n, connection] of idle.entries()) await send(connection, n);

  const offered = Math.floor((perSecond * milliseconds) / 1000);
  const begun = performance.now();
  const dueAt = (n: number) => begun + (n * 1000) / perSecond;
  const times: number[] = [];
  let [sent, refused, failed] = [0, 0, 0];
  const sendOne = async (connection: Connection, n: number) => {
    try {
      const answer = await send(connection, n);
      const { status } = answer;
      if (status < 300) times.push(performance.now() - dueAt(n));
      else if (status !== 429 && status !== 503) failed++;
      else if (saysWhen(answer)) refused++;
      else failed++;
    } catch {
      failed++;
    }
    idle.push(connection);
    sendDue();
  };
  const sendDue = () => {
    for (; sent < offered && dueAt(sent) <= performance.now(); sent++) {
      const connection = idle.pop();
      if (connection === undefined) return;
      void sendOne(connection, sent);
    }
  };
  while (sent < offered || idle.length < CONNECTIONS) {
    sendDue();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
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
