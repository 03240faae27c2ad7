/** An event of the organization, and where it lies. */
export interface SequencePlace {
  readonly offset: number
  readonly sequence: number
}

/** What is left is read anyway: one fetch brings about so many. */
const CLOSE_ENOUGH = 2_000

/**
 * Where in the offsets from `low` to `high` (exclusive) an organization's events reach `sequence`: none before
 * `notBefore` has it or a higher one, and all from `notAfter` on have it or a higher one. `firstIn` gives the
 * organization's first event from an offset on, up to another (exclusive). Works because a sequence only grows.
 */
export async function findSequence(
  sequence: number,
  low: number,
  high: number,
  firstIn: (from: number, to: number) => Promise<SequencePlace | undefined>,
): Promise<{ readonly notBefore: number; readonly notAfter: number }> {
  let [notBefore, notAfter] = [low, high]
  while (notAfter - notBefore > CLOSE_ENOUGH) {
    const middle = Math.floor((notBefore + notAfter) / 2)
    const first = await firstIn(middle, notAfter)
    if (first === undefined || first.sequence >= sequence) notAfter = middle
    else notBefore = first.offset + 1
  }
  return { notBefore, notAfter }
}
