import { ConnectorError } from '../errors.ts'
import { CHECKPOINT_FORMAT_VERSION, type Head } from './checkpoint.ts'

/** The head as both journals store it: plain JSON values, `chainHash` in hex. */
export function storedHead(head: Head): object {
  return { ...head, chainHash: head.chainHash.toString('hex') }
}

/**
 * The head from what {@link storedHead} gave, after JSON. Throws `JOURNAL_MISMATCH` when a newer release wrote it (it
 * may mean things that this one does not know) or when it is no head at all; `where` names the place in the message.
 */
export function headFromStored(stored: unknown, where: string): Head {
  if (typeof stored !== 'object' || stored === null) throw unreadable(where)
  const { formatVersion, sequence, chainHash, endpoint, totals } = stored as Record<string, unknown>
  if (typeof formatVersion === 'number' && formatVersion > CHECKPOINT_FORMAT_VERSION) {
    throw new ConnectorError(
      'JOURNAL_MISMATCH',
      `the checkpoint ${where} has format ${formatVersion}, this release knows up to ${CHECKPOINT_FORMAT_VERSION}: ` +
        'a newer release wrote it; run that release or a later one',
    )
  }
  if (
    typeof formatVersion !== 'number' ||
    !Number.isSafeInteger(sequence) ||
    typeof endpoint !== 'string' ||
    typeof chainHash !== 'string' ||
    !/^[0-9a-f]{64}$/.test(chainHash) ||
    typeof totals !== 'object' ||
    totals === null
  ) {
    throw unreadable(where)
  }
  return { ...(stored as Head), chainHash: Buffer.from(chainHash, 'hex') }
}

/** True for JSON text of a head that a newer release wrote. */
export function isNewerHead(text: string): boolean {
  try {
    const { formatVersion } = JSON.parse(text) as { formatVersion?: unknown }
    return Number(formatVersion) > CHECKPOINT_FORMAT_VERSION
  } catch {
    return false
  }
}

export function encodeHead(head: Head): string {
  return JSON.stringify(storedHead(head))
}

/** As {@link headFromStored}, from JSON text. */
export function decodeHead(text: string, where: string): Head {
  let stored: unknown
  try {
    stored = JSON.parse(text)
  } catch {
    throw unreadable(where)
  }
  return headFromStored(stored, where)
}

function unreadable(where: string): ConnectorError {
  return new ConnectorError(
    'JOURNAL_MISMATCH',
    `the checkpoint ${where} is not readable as one of ours: run "hf-audit recover" to rebuild it from what is published`,
  )
}
