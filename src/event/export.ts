/** From `start` to `end`, exclusive, 1 to 255 bytes. */
export interface TextRange {
  readonly start: number
  readonly end: number
}

/** One element of the export's array. `bytes` may be used until the next step of the iteration only: copy to keep. */
export interface ExportElement {
  /** The element's exact bytes, without the white space and commas around it. */
  readonly bytes: Buffer
  /**
   * The value of the last top-level `_id`, found without parsing. Undefined when it could not be found that way (not
   * an object, no `_id`, not a string, an escape in a top-level key or in the value, not ASCII): then parse.
   */
  readonly id: string | undefined
  /** Where in `bytes` the value of the last top-level `type` stands, a string without escapes; undefined: then parse. */
  readonly type?: TextRange | undefined
  /** The same for `createdAt`. */
  readonly createdAt?: TextRange | undefined
  /** Set when the element is longer than is kept: `bytes` are its first 512 KiB only. */
  readonly oversize?: { readonly length: number; readonly sha256: Buffer }
}

/** A download under way (or a saved file): the elements come as they arrive, several a step. */
export interface AuditLogExport {
  /** When the response's headers arrived. */
  readonly receivedAtMs: number
  /**
   * Ends when the array was complete and nothing but white space followed it. Throws `HUB_BODY_BROKEN` when the body
   * breaks off or is not one array, `HUB_UNAVAILABLE` on a network error, `STOPPED` when the signal was aborted.
   * Leaving the loop early ends the download.
   */
  readonly elements: AsyncIterable<readonly ExportElement[]>
  /** Bytes that came over the wire so far, compressed if they were. */
  wireBytes(): number
  /** Bytes of the body so far, uncompressed. */
  bodyBytes(): number
  /** Length of the whole body in wire bytes where the server said so: for the progress bar. */
  readonly expectedWireBytes: number | undefined
}

/** Append-only bytes, in memory up to a fixed amount and beyond that in a private temporary file. */
export interface Spool {
  /** Copies the bytes; returns the offset to read them from. */
  append(bytes: Uint8Array): number
  /** The bytes, good until the next read or append. */
  read(offset: number, length: number): Buffer
  /** Deletes the file. May be called twice. */
  dispose(): void
}
