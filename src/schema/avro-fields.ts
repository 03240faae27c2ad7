/** What of Avro's schema language our schemas use: https://avro.apache.org/docs/1.12.0/specification/ */
export type AvroType =
  | 'null'
  | 'boolean'
  | 'int'
  | 'long'
  | 'double'
  | 'bytes'
  | 'string'
  | readonly AvroType[]
  | { readonly type: 'long'; readonly logicalType: 'timestamp-millis' }
  | { readonly type: 'fixed'; readonly name: string; readonly size: number }
  | { readonly type: 'enum'; readonly name: string; readonly symbols: readonly string[] }
  | { readonly type: 'map'; readonly values: AvroType }
  | { readonly type: 'array'; readonly items: AvroType }
  | AvroRecord

export interface AvroRecord {
  readonly type: 'record'
  readonly name: string
  readonly doc?: string
  readonly fields: readonly AvroField[]
}

export interface AvroField {
  readonly name: string
  readonly type: AvroType
  readonly doc?: string
}

/** The other branch of a union with null; undefined for anything else. */
export function optional(type: AvroType): AvroType | undefined {
  if (!isUnion(type)) return undefined
  const [first, second, more] = type
  if (first === 'null' && second !== undefined && more === undefined) return second
  throw new Error('a union other than of null and one type')
}

function isUnion(type: AvroType): type is readonly AvroType[] {
  return Array.isArray(type)
}
