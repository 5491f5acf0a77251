/** What other SCIM servers did on the same machine, beside what was measured here. */
import { PHASES, type Phase } from '../load/phases.ts';
import { median } from '../load/statistics.ts';
import { DATABASE_NAMES } from '../stage/databases.ts';
import { growthOf } from './bounds.ts';
import { LABELS, type Results } from './results.ts';
import { figure, table, whole } from './table.ts';
import type { Tables } from './tables.ts';

interface Peer {
  readonly name: string;
  /** In the order of PHASES; undefined where no right answer was got. */
  readonly perSecond: readonly (number | undefined)[];
  readonly cpuMs: readonly (number | undefined)[];
  /** Cost of adding a member, at the largest size that was reached ÷ at 100 members. */
  readonly growth: number;
  readonly members: number;
  /** Of 150 parallel additions that were accepted, and of 300 parallel changes. */
  readonly lost: number | undefined;
  readonly refused: number;
  readonly patchOfManyMs: number;
}

/**
 * Measured on 2026-11-22 with 32 connections, three rounds of 1.5 s, and up to 10,000 users. Other
 * work shared the two cores, so the CPU of a request is more comparable than the rate.
 */
const PEERS: readonly Peer[] = [
  {
    name: 'Ory Polis 26.2, PostgreSQL',
    perSecond: [377, 1410, undefined, undefined, 916, 643, 589, undefined],
    cpuMs: [3.19, 0.574, undefined, undefined, 1.06, 1.57, 1.45, undefined],
    growth: 2.31,
    members: 6_000,
    lost: undefined,
    refused: 0,
    patchOfManyMs: 5_266,
  },
  {
    name: 'Keycloak 26.7, PostgreSQL',
    perSecond: [245, 277, 150, undefined, 595, 288, 361, 350],
    cpuMs: [4.87, 4.17, 9.01, undefined, 3.5, 6.46, 5.71, 5.72],
    growth: 1.44,
    members: 18_000,
    lost: 0,
    refused: 0,
    patchOfManyMs: 3_278,
  },
  {
    name: 'Better Auth 1.7, PostgreSQL',
    perSecond: [102, 751, 479, 498, 443, 169, 136, undefined],
    cpuMs: [11.1, 1.28, 2.4, 2.42, 3.35, 9.07, 11.1, undefined],
    growth: 2.36,
    members: 900,
    lost: 0,
    refused: 231,
    patchOfManyMs: Number.NaN,
  },
  {
    name: 'SCIMServer 0.55, PostgreSQL',
    perSecond: [326, 469, 268, 1119, undefined, 227, 172, 75.5],
    cpuMs: [4.81, 2.68, 5.54, 1.14, undefined, 6.28, 6.49, 10.3],
    growth: 164,
    members: 24_000,
    lost: 147,
    refused: 0,
    patchOfManyMs: 95.4,
  },
  {
    name: 'scim2-server 0.8, in memory',
    perSecond: [492, 625, 404, 474, 4.29, 368, 338, 104],
    cpuMs: [1.61, 1.19, 2, 1.96, 233, 2.11, 2.23, 8.53],
    growth: 500,
    members: 21_000,
    lost: 0,
    refused: 38,
    patchOfManyMs: 50,
  },
  {
    name: 'SCIMMY 1.3, in memory',
    perSecond: [683, 1731, 1475, 2393, 3.67, 260, 568, 61.8],
    cpuMs: [0.843, 0.459, 0.442, 0.383, 197, 2.2, 0.911, 9.52],
    growth: 160,
    members: 24_000,
    lost: 0,
    refused: 0,
    patchOfManyMs: 148,
  },
];

const MICROSOFT_ENTRA = 25;

function sizingTable(both: readonly Results[]): string {
  const cells = (value: (results: Results) => number | undefined) =>
    both.map((results) => figure(value(results)));
  const adding = (at: number) => (results: Results) => {
    const cost = results.growth?.groups.costs.add.at(at);
    return cost && median(cost);
  };
  const members = whole(both[0]?.growth?.groups.sizes.at(-1) ?? 0);
  return table(
    ['question', ...both.map(({ kind }) => DATABASE_NAMES[kind])],
    [
      ['requests per second, mixed load', ...cells((each) => each.load?.phases.mix.own.perSecond)],
      [
        'required by Microsoft Entra ID for each tenant, requests per second',
        whole(MICROSOFT_ENTRA),
        whole(MICROSOFT_ENTRA),
      ],
      [
        'first sync: users per second, if the identity provider is fast enough',
        ...cells((each) => each.load?.phases.create.own.perSecond),
      ],
      ['adding a member to a group of 100, ms', ...cells(adding(0))],
      [`… to a group of ${members}, ms`, ...cells(adding(-1))],
    ],
  );
}

/** Only if everything that stands beside the peers was measured. */
export function peerTables(all: readonly Results[]): Tables {
  const [sqlite, postgres] = (['sqlite', 'postgres'] as const).map((kind) =>
    all.find((results) => results.kind === kind),
  );
  if (sqlite?.load === undefined || postgres?.load === undefined) return {};
  const own = [sqlite.load, postgres.load];
  const phases = (
    of: 'perSecond' | 'cpuMs',
    format: (value: number | undefined) => string,
  ): string => {
    const cell = (value: number | undefined) => (value === undefined ? '–' : format(value));
    const row = (name: string, values: readonly (number | undefined)[]) => [
      name,
      ...values.map(cell),
    ];
    return table(
      ['', ...PHASES.map((phase) => LABELS[phase])],
      [
        ...own.map(({ phases }, index) =>
          row(
            `scim-operator, ${DATABASE_NAMES[index === 0 ? 'sqlite' : 'postgres']}`,
            PHASES.map((phase: Phase) => phases[phase].own[of]),
          ),
        ),
        ...PEERS.map((peer) => row(peer.name, peer[of])),
      ],
    );
  };
  const groups = table(
    ['', 'members', 'add one: cost ÷ at 100', 'lost', 'refused', '1,000 members, ms'],
    [
      ...[sqlite, postgres].flatMap(({ kind, load, growth }) => {
        if (load === undefined || growth === undefined) return [];
        const { own } = load.parallel;
        return [
          [
            `scim-operator, ${DATABASE_NAMES[kind]}`,
            whole(growth.groups.sizes.at(-1) ?? 0),
            figure(growthOf(growth.groups, 'add')),
            whole(own.lost),
            whole(own.refused),
            figure(median(load.patchOfMany.own)),
          ],
        ];
      }),
      ...PEERS.map(({ name, members, growth, lost, refused, patchOfManyMs }) => [
        name,
        whole(members),
        figure(growth),
        figure(lost),
        whole(refused),
        figure(patchOfManyMs),
      ]),
    ],
  );
  return {
    sizing: sizingTable([sqlite, postgres]),
    'peers-rate': phases('perSecond', figure),
    'peers-cpu': phases('cpuMs', figure),
    ...(sqlite.growth && postgres.growth && { 'peers-groups': groups }),
  };
}
