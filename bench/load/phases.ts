/** What identity providers send, as the n-th request of each phase. */
import type { Directory } from '../directory/directory.ts';
import { emailOf, externalIdOf, userNameOf, userNumber } from '../directory/users.ts';
import type { Answer } from './connection.ts';
import type { Job, Load } from './load.ts';
import { addition, filtered, patchOf, removal } from './requests.ts';

/** In the order of the tables. */
export const PHASES = [
  'create',
  'get',
  'userName',
  'externalId',
  'email',
  'patch',
  'put',
  'mix',
] as const;
export type Phase = (typeof PHASES)[number];
/** With the change of one member, which the tables have at several sizes of the group instead. */
export type AnyPhase = Phase | 'member';

/** The group that the mix changes. */
export const MIXED_GROUP = 'mix';

type Resource = Readonly<Record<string, unknown>>;

const parse = ({ body }: Answer): Resource => JSON.parse(body.toString());

function expectUser(user: unknown, n: number, id?: string): void {
  const { userName, id: given } = user as Resource;
  if (userName !== userNameOf(n) || (id !== undefined && given !== id))
    throw new Error(`got ${userName} instead of ${userNameOf(n)}`);
}

function expectOnly(answer: Answer, n: number): void {
  const { totalResults, Resources } = parse(answer);
  if (totalResults !== 1 || !Array.isArray(Resources)) throw new Error(`got ${totalResults} users`);
  expectUser(Resources[0], n);
}

/** Different users for consecutive requests, spread over the directory, and the same in each run. */
const spread = (n: number, size: number) => (n * 7_919) % size;

/** The jobs of each phase. Each call of a phase continues where the last one stopped. */
export function phasesOf({ compose }: Load, { users, groups, members }: Directory) {
  const size = users.length;
  const someone = (n: number) => {
    const number = spread(n, size);
    return { number, id: users[number] ?? '' };
  };
  const mixed = groups[MIXED_GROUP] ?? '';
  const outside = users.slice(members[MIXED_GROUP]?.length ?? 0);

  const get = (n: number): Job => {
    const { number, id } = someone(n);
    const check = (answer: Answer) => expectUser(parse(answer), number, id);
    return { request: compose('GET', `/Users/${id}`), check };
  };
  const filter = (n: number, expression: (number: number) => string): Job => {
    const { number } = someone(n);
    return {
      request: compose('GET', filtered('Users', expression(number))),
      check: (answer) => expectOnly(answer, number),
    };
  };
  const userName = (n: number) => filter(n, (number) => `userName eq "${userNameOf(number)}"`);
  const patch = (n: number): Job => {
    const { id } = someone(n);
    const value = Math.floor(n / size) % 2 === 1;
    const change = patchOf({ op: 'replace', path: 'active', value });
    return {
      request: compose('PATCH', `/Users/${id}`, change),
      check: (answer) => {
        const { active } = parse(answer);
        if (active !== value) throw new Error(`active is ${active}`);
      },
    };
  };

  /** The group keeps its size: who was added is removed next. */
  const member = (n: number): Job => {
    const id = outside[Math.floor(n / 2) % outside.length] ?? '';
    const change = n % 2 === 0 ? addition([id]) : removal(id);
    return { request: compose('PATCH', `/Groups/${mixed}`, change) };
  };

  const jobs: Readonly<Record<AnyPhase, (n: number) => Job>> = {
    create: (n) => ({
      request: compose('POST', '/Users', userNumber(size + n)),
      check: (answer) => expectUser(parse(answer), size + n),
    }),
    get,
    userName,
    externalId: (n) => filter(n, (number) => `externalId eq "${externalIdOf(number)}"`),
    email: (n) => filter(n, (number) => `emails[type eq "work"].value eq "${emailOf(number)}"`),
    patch,
    put: (n) => {
      const { number, id } = someone(n);
      const title = `Engineer ${n}`;
      return {
        request: compose('PUT', `/Users/${id}`, userNumber(number, title)),
        check: (answer) => {
          expectUser(parse(answer), number, id);
          if (parse(answer).title !== title) throw new Error('the title is an old one');
        },
      };
    },
    mix: (n) => {
      const kind = n % 20;
      if (kind < 12) return userName(n);
      if (kind < 16) return get(n);
      if (kind < 19) return patch(n);
      return member(Math.floor(n / 20));
    },
    member,
  };
  const done = new Map<AnyPhase, number>();
  return (phase: AnyPhase) => (): Job => {
    const n = done.get(phase) ?? 0;
    done.set(phase, n + 1);
    return jobs[phase](n);
  };
}
