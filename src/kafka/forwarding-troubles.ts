import type { ConnectorError } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { ForwardingOptions } from '../ports.ts'

/** The place of what concerns the membership itself. */
export const GROUP_TROUBLE = 'the group'

/** What keeps values from being taken from the topics, by place. In the log it stands once, as long as it stays the same. */
export interface ForwardingTroubles {
  tell(place: string, error: ConnectorError): void
  over(place: string): void
  /** The places may be another worker's now. */
  clear(): void
}

export function createForwardingTroubles(
  log: Logger,
  onTrouble: ForwardingOptions['onTrouble'],
): ForwardingTroubles {
  const messages = new Map<string, string>()
  /** Outlives a membership: the next one meets the same. */
  const told = new Map<string, string>()
  const show = () => onTrouble?.([...messages.values()].at(-1))
  return {
    tell(place, error) {
      const { message } = error
      messages.set(place, message)
      if (told.get(place) !== message) {
        log.warn({ code: error.code, retryable: error.retryable }, `${message}; trying again`)
      }
      told.set(place, message)
      show()
    },
    over(place) {
      told.delete(place)
      if (messages.delete(place)) show()
    },
    clear() {
      told.delete(GROUP_TROUBLE)
      if (messages.size === 0) return
      messages.clear()
      show()
    },
  }
}
