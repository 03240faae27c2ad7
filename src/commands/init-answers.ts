import { readVariables } from '../config/variables.ts'
import { invalid, loadConfig, organizationMistakes } from '../config.ts'
import { readEndpoint } from '../otlp/endpoint.ts'
import { withoutCredentials } from '../secrets.ts'

/** What was chosen, by variable. */
export type Answers = Readonly<Partial<Record<string, string | undefined>>>

/** Stands for what is not known here: a file that may be on another machine, a variable that is set later. */
const LATER = 'later'

/** Throws what the configuration would say of each answer alone. */
export function checkForms(answers: Answers): void {
  const { errors } = readVariables(answers, () => LATER)
  errors.push(...collectorCredentials(answers))
  if (errors.length > 0) throw invalid(errors)
}

/** Throws, in the configuration's own words, what the program would refuse in a file with these answers. */
export function checkUsable(answers: Answers): void {
  const secret = collectorCredentials(answers)
  if (secret.length > 0) throw invalid(secret)
  const left = Object.fromEntries(leftToSet(answers).map(variable => [variable, LATER]))
  loadConfig({ environment: { ...answers, ...left }, organizationsRequired: true, readFile: () => LATER })
}

/** What must come from the environment beside the file: secrets, and what nobody was asked for. */
export function leftToSet(answers: Answers): string[] {
  const mechanism = answers.KAFKA_SASL_MECHANISM?.toUpperCase()
  const token = answers.HF_TOKEN_FILE === undefined ? ['HF_TOKEN'] : []
  if (mechanism === undefined) return token
  if (mechanism === 'OAUTHBEARER') return [...token, 'KAFKA_SASL_TOKEN_FILE']
  return [
    ...token,
    ...(answers.KAFKA_SASL_USERNAME === undefined ? ['KAFKA_SASL_USERNAME'] : []),
    ...(answers.KAFKA_SASL_PASSWORD_FILE === undefined ? ['KAFKA_SASL_PASSWORD'] : []),
  ]
}

/** What is wrong with a list of organizations; undefined for nothing. */
export function organizationsProblem(text: string): string | undefined {
  const { values } = readVariables({ HF_AUDIT_ORGANIZATIONS: text }, () => LATER)
  const names = values.HF_AUDIT_ORGANIZATIONS ?? []
  return names.length === 0 ? 'This one is needed.' : organizationMistakes(names.map(name => ({ name })))[0]
}

/** What is wrong with the address of a collector; undefined for nothing. */
export function collectorProblem(value: string): string | undefined {
  const variable = 'OTEL_EXPORTER_OTLP_ENDPOINT'
  const errors = collectorCredentials({ [variable]: value })
  if (errors.length === 0) readEndpoint('LOGS', { variable, value }, errors)
  return errors[0]
}

/** The configuration takes a user and a password in this address; the file that is written here holds no secret. */
function collectorCredentials({ OTEL_EXPORTER_OTLP_ENDPOINT: text }: Answers): string[] {
  const url = URL.parse(text ?? '')
  if (url === null || (url.username === '' && url.password === '')) return []
  const shown = JSON.stringify(withoutCredentials(text!))
  return [
    `OTEL_EXPORTER_OTLP_ENDPOINT is ${shown}; a user name or password is not written to the file: name the address ` +
      'without them, and set OTEL_EXPORTER_OTLP_HEADERS in the environment, such as authorization=Basic%20…',
  ]
}
