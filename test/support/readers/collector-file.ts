import { createReadStream } from 'node:fs'

/** One log record as the collector's file exporter wrote it, with the wrappers of OTLP's JSON taken off. */
export interface CollectedRecord {
  /** Attribute `log.record.uid`. */
  readonly uid: string | undefined
  readonly eventName: string | undefined
  readonly severityNumber: number | undefined
  readonly severityText: string | undefined
  readonly body: unknown
  readonly attributes: Readonly<Record<string, unknown>>
  readonly timeUnixNano: bigint
  readonly observedTimeUnixNano: bigint
  readonly resource: Readonly<Record<string, unknown>>
  readonly scope: { readonly name: string | undefined; readonly version: string | undefined }
}

/** Streams a file of the collector: memory holds one export request at a time. */
export async function* collectedRecords(file: string): AsyncGenerator<CollectedRecord> {
  for await (const line of completeLines(file)) {
    const request = JSON.parse(line) as OtlpRequest
    for (const { resource, scopeLogs } of request.resourceLogs ?? []) {
      const resourceAttributes = attributesOf(resource?.attributes)
      for (const { scope, logRecords } of scopeLogs ?? []) {
        for (const record of logRecords ?? []) {
          const attributes = attributesOf(record.attributes)
          const uid = attributes['log.record.uid']
          yield {
            uid: typeof uid === 'string' ? uid : undefined,
            eventName: record.eventName,
            severityNumber: record.severityNumber,
            severityText: record.severityText,
            body: plainValue(record.body),
            attributes,
            timeUnixNano: BigInt(record.timeUnixNano ?? 0),
            observedTimeUnixNano: BigInt(record.observedTimeUnixNano ?? 0),
            resource: resourceAttributes,
            scope: { name: scope?.name, version: scope?.version },
          }
        }
      }
    }
  }
}

/** How many records a file holds and how many different `log.record.uid`, read as a stream. */
export async function countUids(
  file: string,
): Promise<{ records: number; distinctUids: number; withoutUid: number }> {
  const seen = new Set<string>()
  let records = 0
  let withoutUid = 0
  for await (const { uid } of collectedRecords(file)) {
    records += 1
    if (uid === undefined) withoutUid += 1
    else seen.add(uid)
  }
  return { records, distinctUids: seen.size, withoutUid }
}

/** The different `log.record.uid` of a file, read as a stream. */
export async function distinctUids(file: string): Promise<Set<string>> {
  const seen = new Set<string>()
  for await (const { uid } of collectedRecords(file)) if (uid !== undefined) seen.add(uid)
  return seen
}

/** The lines that have their end: what the exporter is still writing is left for the next reading. */
async function* completeLines(file: string): AsyncGenerator<string> {
  let pieces: Buffer[] = []
  for await (const chunk of createReadStream(file, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>) {
    let start = 0
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      pieces.push(chunk.subarray(start, end))
      const line = Buffer.concat(pieces).toString('utf8')
      pieces = []
      start = end + 1
      if (line !== '') yield line
    }
    pieces.push(chunk.subarray(start))
  }
}

interface OtlpValue {
  readonly stringValue?: string
  readonly boolValue?: boolean
  readonly intValue?: string | number
  readonly doubleValue?: number
  readonly bytesValue?: string
  readonly arrayValue?: { readonly values?: readonly OtlpValue[] }
  readonly kvlistValue?: { readonly values?: readonly OtlpAttribute[] }
}

interface OtlpAttribute {
  readonly key: string
  readonly value?: OtlpValue
}

interface OtlpRequest {
  readonly resourceLogs?: readonly {
    readonly resource?: { readonly attributes?: readonly OtlpAttribute[] }
    readonly scopeLogs?: readonly {
      readonly scope?: { readonly name?: string; readonly version?: string }
      readonly logRecords?: readonly {
        readonly timeUnixNano?: string
        readonly observedTimeUnixNano?: string
        readonly severityNumber?: number
        readonly severityText?: string
        readonly eventName?: string
        readonly body?: OtlpValue
        readonly attributes?: readonly OtlpAttribute[]
      }[]
    }[]
  }[]
}

function attributesOf(attributes: readonly OtlpAttribute[] | undefined): Record<string, unknown> {
  return Object.fromEntries((attributes ?? []).map(({ key, value }) => [key, plainValue(value)]))
}

/** OTLP's JSON writes 64-bit integers as strings: they come back as numbers, or as bigint beyond 2^53. */
function plainValue(value: OtlpValue | undefined): unknown {
  if (value === undefined) return undefined
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(plainValue)
  if (value.kvlistValue !== undefined) return attributesOf(value.kvlistValue.values)
  if (value.intValue !== undefined) {
    const exact = BigInt(value.intValue)
    return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact
  }
  return value.stringValue ?? value.boolValue ?? value.doubleValue ?? value.bytesValue ?? null
}
