import type { FindingStatus, OrganizationStatus, Problem, Status } from '../../src/status/model.ts'

/** What a worker may look like: plainly invented organizations in every state that the page must show. */

export const NOW_MS = Date.parse('2026-03-10T14:25:00Z')
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** Two working days. */
const HOURS = [
  4, 2, 3, 1, 0, 2, 6, 21, 64, 88, 97, 71, 55, 80, 92, 86, 60, 31, 14, 9, 6, 8, 5, 3, 2, 1, 3, 0, 2, 4, 9, 26,
  70, 94, 118, 83, 49, 77, 103, 95, 72, 38, 17, 12, 30, 51, 66, 24,
]

export function organization(changes: Partial<OrganizationStatus> = {}): OrganizationStatus {
  return {
    organization: 'example-org',
    name: changes.organization ?? 'example-org',
    phase: 'current',
    lastPoll: {
      receivedAtMs: NOW_MS - 2 * MINUTE_MS,
      durationMs: 1_840,
      published: 24,
      wireBytes: 8_420_000,
    },
    nextPollAtMs: NOW_MS + 3 * MINUTE_MS,
    lagMs: 2 * MINUTE_MS,
    newestEventAtMs: NOW_MS - 3 * MINUTE_MS,
    sequence: 83_412,
    eventsPerHour: HOURS,
    wireBytesPerMonth: 72_700_000_000,
    progress: undefined,
    problem: undefined,
    findings: { isComplete: true, counts: {}, latest: [] },
    deadLetters: 0,
    unknownTypes: [],
    tokenExpiresAtMs: NOW_MS + 80 * DAY_MS,
    ...changes,
  }
}

const labs = organization({
  organization: 'example-labs',
  phase: 'quiet',
  lastPoll: { receivedAtMs: NOW_MS - MINUTE_MS, durationMs: 240, published: 0, wireBytes: 412_000 },
  nextPollAtMs: NOW_MS + 4 * MINUTE_MS,
  lagMs: MINUTE_MS,
  newestEventAtMs: NOW_MS - 9 * HOUR_MS,
  sequence: 1_204,
  eventsPerHour: HOURS.map((count, hour) => (hour % 11 === 3 && hour < 39 ? Math.ceil(count / 9) : 0)),
  wireBytesPerMonth: 3_560_000_000,
})

const robotics = organization({
  organization: 'example-robotics',
  lastPoll: { receivedAtMs: NOW_MS - 4 * MINUTE_MS, durationMs: 610, published: 7, wireBytes: 2_130_000 },
  nextPollAtMs: NOW_MS + 52_000,
  lagMs: 4 * MINUTE_MS,
  sequence: 20_377,
  eventsPerHour: HOURS.map((count, hour) => Math.round(count * (0.2 + ((hour * 7) % 5) / 12))),
  wireBytesPerMonth: 18_400_000_000,
})

const noDetails = { durationMs: undefined, published: undefined, wireBytes: undefined } as const

const unpolled = {
  lastPoll: undefined,
  nextPollAtMs: undefined,
  newestEventAtMs: undefined,
  sequence: undefined,
  eventsPerHour: HOURS.map(() => 0),
  wireBytesPerMonth: undefined,
  deadLetters: undefined,
  tokenExpiresAtMs: undefined,
  lagMs: 4_000,
} as const

export function status(changes: Partial<Status> = {}): Status {
  return {
    takenAtMs: NOW_MS,
    worker: {
      version: '0.1.0',
      nodeVersion: '24.21.0',
      hub: 'https://huggingface.co',
      pollIntervalMs: 5 * MINUTE_MS,
      startedAtMs: NOW_MS - 3 * DAY_MS - 4 * HOUR_MS,
      memoryBytes: 164_000_000,
    },
    journal: {
      kind: 'kafka',
      place: 'kafka-1.example:9092, kafka-2.example:9092, huggingface.audit-log',
      state: 'reachable',
      message: undefined,
      isRegistryAway: false,
      sinceMs: undefined,
      shards: { owned: [0, 1, 2, 3, 4, 5, 6, 7], total: 8 },
    },
    forwarder: {
      destination: 'http://collector.example:4318/v1/logs',
      state: 'flowing',
      message: undefined,
      sinceMs: undefined,
      backlog: 0,
      delivered: 104_993,
      rejected: 0,
      deadLettered: 0,
      lastError: undefined,
    },
    organizations: [organization(), labs, robotics],
    ...changes,
  }
}

const blockedProblem: Problem = {
  code: 'HUB_FORBIDDEN',
  message:
    'GET https://huggingface.co/api/organizations/example-labs/audit-log/export was answered 403: "Missing permission" ' +
    '(request id Root=1-65ed0f3c-000000000000000000000001). The token from the file /run/secrets/hf-token lacks the ' +
    'permission org.auditLog.write on example-labs: add it at https://huggingface.co/settings/tokens.',
  sinceMs: NOW_MS - 47 * MINUTE_MS,
  attempts: 4,
}

const gap: FindingStatus = {
  kind: 'GAP',
  severity: 'ERROR',
  message:
    'The export is at its cap and holds no event seen before: events between 2026-03-10T02:11:40.000Z and ' +
    '2026-03-10T09:52:07.113Z may be lost. Poll more often; a saved export of that time can be added with hf-audit import.',
  count: 1,
  foundAtMs: NOW_MS - 4 * HOUR_MS,
}

const changed: FindingStatus = {
  kind: 'CHANGED',
  severity: 'WARN',
  message: '2 events have other content than before, beyond the fields that the Hub rewrites.',
  count: 2,
  foundAtMs: NOW_MS - 19 * DAY_MS,
}

const kafkaSilence = 'Kafka at kafka-1.example:9092 cannot be reached: connect ECONNREFUSED 192.0.2.10:9092.'

const calm = status()

/** One for each state, by its name. */
export const STATES: Readonly<Record<string, Status>> = {
  well: calm,
  starting: status({
    worker: { ...calm.worker, startedAtMs: NOW_MS - 4_000 },
    organizations: [
      organization({ ...unpolled, phase: 'starting' }),
      organization({
        ...labs,
        phase: 'starting',
        lastPoll: { ...noDetails, receivedAtMs: NOW_MS - 26 * MINUTE_MS },
      }),
    ],
  }),
  backfill: status({
    organizations: [
      organization({
        ...unpolled,
        phase: 'backfill',
        sequence: 30_000,
        newestEventAtMs: NOW_MS - 300 * DAY_MS,
        progress: { step: 'publishing', done: 30_000, total: 100_000, remainingMs: 7_400 },
      }),
      organization({
        ...unpolled,
        organization: 'example-labs',
        phase: 'backfill',
        progress: { step: 'downloading', done: 21_400_000, total: undefined, remainingMs: undefined },
      }),
      robotics,
    ],
  }),
  quiet: status({ organizations: [labs] }),
  blocked: status({
    organizations: [
      organization(),
      {
        ...labs,
        phase: 'blocked',
        problem: blockedProblem,
        lagMs: 47 * MINUTE_MS,
        lastPoll: { ...noDetails, receivedAtMs: NOW_MS - 52 * MINUTE_MS },
        nextPollAtMs: NOW_MS + 11 * MINUTE_MS,
      },
      robotics,
    ],
  }),
  gap: status({
    organizations: [
      organization({
        findings: { isComplete: true, counts: { GAP: 1, CHANGED: 1 }, latest: [gap, changed] },
      }),
      labs,
    ],
  }),
  'collector-down': status({
    forwarder: {
      ...calm.forwarder!,
      state: 'unavailable',
      message: 'http://collector.example:4318/v1/logs: ECONNREFUSED: connect ECONNREFUSED 192.0.2.20:4318',
      sinceMs: NOW_MS - 12 * MINUTE_MS,
      backlog: 12_480,
      lastError: {
        message: 'http://collector.example:4318/v1/logs: ECONNREFUSED: connect ECONNREFUSED 192.0.2.20:4318',
        atMs: NOW_MS - 21_000,
      },
    },
  }),
  'kafka-down': status({
    journal: {
      ...calm.journal,
      state: 'unreachable',
      message: kafkaSilence,
      sinceMs: NOW_MS - 6 * MINUTE_MS,
    },
    forwarder: { ...calm.forwarder!, backlog: undefined },
    organizations: [organization(), labs, robotics].map(one => ({
      ...one,
      phase: 'failing' as const,
      lagMs: 9 * MINUTE_MS,
      lastPoll: { ...one.lastPoll!, receivedAtMs: NOW_MS - 9 * MINUTE_MS },
      nextPollAtMs: NOW_MS + 31_000,
      problem: {
        code: 'JOURNAL_UNAVAILABLE' as const,
        message: kafkaSilence,
        sinceMs: NOW_MS - 6 * MINUTE_MS,
        attempts: 9,
      },
    })),
  }),
  standby: status({
    journal: { ...calm.journal, shards: { owned: [], total: 8 } },
    organizations: [organization(), labs, robotics].map(one => ({
      ...one,
      phase: 'elsewhere' as const,
      lagMs: undefined,
    })),
  }),
  'unknown-types': status({
    organizations: [
      organization({
        unknownTypes: [
          { type: 'org.settings.quantum.enable', events: 1_204 },
          { type: 'repo.teleport', events: 3 },
          { type: '_OTHER', events: 1 },
        ],
      }),
      labs,
    ],
  }),
  'token-expiring': status({
    organizations: [organization({ tokenExpiresAtMs: NOW_MS + 5 * DAY_MS })],
    forwarder: undefined,
    journal: { ...calm.journal, kind: 'sqlite', place: '/var/lib/hf-audit', shards: undefined },
  }),
}
