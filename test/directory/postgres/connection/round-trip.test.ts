/** What is remembered of statements whose round trip fails at any message of the server. */
import type pg from 'pg';
import { expect, it } from 'vitest';
import {
  type Answered,
  type Language,
  RoundTrip,
} from '../../../../src/directory/postgres/connection/round-trip.ts';

/** A server that can be cancelled between two messages can't be had for a test. */
function connectionTo(messages: string[]): pg.Connection {
  const note = (message: string) => () => void messages.push(message);
  const names = ['close', 'parse', 'describe', 'bind', 'execute', 'sync'];
  const connection = Object.fromEntries(names.map((name) => [name, note(name)]));
  const stream = { cork: () => undefined, uncork: () => undefined };
  return { ...connection, stream } as unknown as pg.Connection;
}

const STATEMENT = { name: 's1', text: 'SELECT 1 AS one' };
const DESCRIPTION = { fields: [{ name: 'one', dataTypeID: 23 }] };

it('a statement that was not described is parsed again, and its rows have their columns', () => {
  const language: Language = { parsed: new Map(), textOf: String };
  const outcomes: (Error | readonly Answered[])[] = [];
  const send = () => {
    const messages: string[] = [];
    const roundTrip = new RoundTrip([STATEMENT], language, (error, answers) => {
      outcomes.push(error ?? answers);
    });
    roundTrip.submit(connectionTo(messages));
    return { roundTrip, messages };
  };
  const respond = (roundTrip: RoundTrip) => {
    roundTrip.handleDataRow({ fields: ['1'] });
    roundTrip.handleCommandComplete({ text: 'SELECT 1' });
    roundTrip.handleReadyForQuery();
  };
  const failed = send();
  const cancelled = new Error('canceling statement due to statement timeout');
  failed.roundTrip.handleError(cancelled);
  const again = send();
  expect(again.messages).toEqual(['close', 'parse', 'describe', 'bind', 'execute', 'sync']);
  again.roundTrip.handleRowDescription(DESCRIPTION);
  respond(again.roundTrip);
  const third = send();
  expect(third.messages).toEqual(['bind', 'execute', 'sync']);
  respond(third.roundTrip);
  const answers = [{ command: 'SELECT', rowCount: 1, rows: [{ one: 1 }] }];
  expect(outcomes).toEqual([cancelled, answers, answers]);
});
