import { jsonText } from '../json-text.ts'
import { plainText } from '../table.ts'

/** What came of a change: the object for programs, the sentence for people. */
export function printResult(json: boolean, result: object, sentence: string): void {
  process.stdout.write(`${json ? jsonText(result) : plainText(sentence)}\n`)
}
