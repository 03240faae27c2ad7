import { ConnectorError } from '../errors.ts'
import { type Answer, errorAnswer, jsonAnswer } from './answers.ts'
import { type ControlName, controlSchemas, isControlName, parseControl } from './control.ts'
import type { Simulator } from './simulator.ts'

/** `GET /_control/state` and `POST /_control/<name>`: the simulator's methods, for programs outside its process. */
export function controlAnswer(simulator: Simulator, method: string, name: string, body: string): Answer {
  if (name === 'state' && method === 'GET') return jsonAnswer(simulator.state())
  if (method !== 'POST' || !isControlName(name)) {
    const names = Object.keys(controlSchemas).map(known => `POST /_control/${known}`)
    return errorAnswer(404, `No such control. There are GET /_control/state, ${names.join(', ')}`)
  }
  try {
    return jsonAnswer(applyControl(simulator, name, body.trim() === '' ? {} : JSON.parse(body)))
  } catch (error) {
    if (error instanceof SyntaxError)
      return errorAnswer(400, `The control's body is not JSON: ${error.message}`)
    if (error instanceof ConnectorError) return errorAnswer(400, error.message)
    throw error
  }
}

/** Does it, and says what it did or how things stand now. */
function applyControl(simulator: Simulator, name: ControlName, input: unknown): object {
  switch (name) {
    case 'append':
      return { ids: simulator.append(parseControl(name, input)) }
    case 'append-raw': {
      const { organization, elements, createdAt } = parseControl(name, input)
      simulator.appendRaw({
        elements,
        ...(organization !== undefined && { organization }),
        ...(createdAt !== undefined && { createdAtMs: createdAt }),
      })
      return { appended: elements.length }
    }
    case 'events': {
      const { events, organization } = parseControl(name, input)
      simulator.setEvents(events, organization)
      return { events }
    }
    case 'order': {
      const control = parseControl(name, input)
      simulator.setOrder(control.order, control.shuffleSeed)
      return control
    }
    case 'rate': {
      const control = parseControl(name, input)
      simulator.setRate(control.rate)
      return control
    }
    case 'cap': {
      const control = parseControl(name, input)
      simulator.setCap(control.cap)
      return control
    }
    case 'seed': {
      const control = parseControl(name, input)
      simulator.reset(control.seed)
      return control
    }
    case 'access': {
      const control = parseControl(name, input)
      simulator.setAccess(control)
      return control
    }
    case 'fault':
      return { id: simulator.fault(parseControl(name, input)) }
    case 'clear-faults':
      return { cleared: simulator.clearFaults(parseControl(name, input).id) }
  }
}
