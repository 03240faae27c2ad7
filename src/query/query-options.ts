import type { RepositoryType } from '../event/repository-types.ts'

/** A query as a person writes it. What is left out does not matter. */
export interface QueryOptions {
  /** User name of the author, exactly. */
  readonly user?: string | undefined
  /** Event types, one of them: also with `*` for any text, also by the names of other clients. */
  readonly action?: string | readonly string[] | undefined
  readonly resourceType?: RepositoryType | undefined
  /** Inclusive: a date, a date with a time, or a time ago such as `-7d`. */
  readonly start?: string | Date | undefined
  /** Exclusive, in the same forms. */
  readonly end?: string | Date | undefined
  /** An address, a network such as `203.0.113.0/24`, or an address as the Hub anonymized it. */
  readonly ip?: string | undefined
  /** Stands somewhere in the event, in any case. */
  readonly text?: string | undefined
}
