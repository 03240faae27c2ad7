/** `longer` with the values of the column that it replaces in front. */
export function grown<T extends { set(from: T): void }>(longer: T, column: T): T {
  longer.set(column)
  return longer
}
