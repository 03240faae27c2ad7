import { plainText } from '../table.ts'

/** What came of a change: the object for programs, the sentence for people. */
export function printResult(json: boolean, result: object, sentence: string): void {
  process.stdout.write(`${json ? JSON.stringify(result) : plainText(sentence)}\n`)
}
