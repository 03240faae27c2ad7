import { checkpointContract } from './checkpoint-contract.ts'
import { forwardingContract } from './forwarding-contract.ts'
import { pruningContract } from './pruning-contract.ts'
import { tailContract } from './tail-contract.ts'
import type { JournalFactory } from './under-test.ts'

/**
 * What every journal must do, whatever it is made of. Each test takes organizations that no other has, so that the
 * factory may hand out one store again and again; but no two tests may forward from one store at the same time.
 */
export function journalContract(name: string, factory: JournalFactory): void {
  checkpointContract(name, factory)
  tailContract(name, factory)
  forwardingContract(name, factory)
  pruningContract(name, factory)
}
