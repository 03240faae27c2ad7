import { confirm, intro, isCancel, outro, select, text } from '@clack/prompts'
import { VARIABLES, type VariableName } from '../config/variables.ts'
import { ConnectorError } from '../errors.ts'
import { type Answers, collectorProblem, organizationsProblem } from './init-answers.ts'

type Asked = { -readonly [Variable in keyof Answers]: Answers[Variable] }

/** Asks on the terminal; what was given by options is the answer that Enter takes. Throws `STOPPED` on Ctrl-C. */
export async function ask(given: Answers): Promise<Answers> {
  intro('hf-audit: a configuration file, in a few questions')
  const answers: Asked = { ...given }
  answers.HF_AUDIT_ORGANIZATIONS = await line('Which organizations? Several with commas between.', {
    variable: 'HF_AUDIT_ORGANIZATIONS',
    given,
    placeholder: 'acme',
    required: true,
    problem: organizationsProblem,
  })
  answers.HF_TOKEN_FILE = await line(
    'A file that holds the token (empty: HF_TOKEN, or what `hf auth login` left)',
    {
      variable: 'HF_TOKEN_PATH',
      given: { HF_TOKEN_PATH: given.HF_TOKEN_FILE ?? '' },
      placeholder: '/run/secrets/hf-token',
    },
  )
  const journal = await choice(
    'Where do the events go?',
    given.KAFKA_BROKERS === undefined ? 'sqlite' : 'kafka',
    [
      { value: 'sqlite', label: 'Embedded journal', hint: 'a SQLite file; no server needed' },
      { value: 'kafka', label: 'Kafka' },
    ],
  )
  if (journal === 'kafka') await askKafka(answers, given)
  else {
    for (const variable of Object.keys(answers))
      if (/^(KAFKA|SCHEMA_REGISTRY)_/.test(variable)) delete answers[variable]
    answers.HF_AUDIT_DATA_DIR = await line('In which directory?', {
      variable: 'HF_AUDIT_DATA_DIR',
      given: { HF_AUDIT_DATA_DIR: given.HF_AUDIT_DATA_DIR ?? './data' },
    })
  }
  answers.OTEL_EXPORTER_OTLP_ENDPOINT = await line(
    'An OpenTelemetry collector, OTLP over HTTP (empty: none)',
    {
      given: { '': given.OTEL_EXPORTER_OTLP_ENDPOINT ?? '' },
      placeholder: 'http://collector:4318',
      problem: collectorProblem,
    },
  )
  outro('That is all.')
  return answers
}

async function askKafka(answers: Asked, given: Answers): Promise<void> {
  answers.KAFKA_BROKERS = await line('Brokers, with commas between', {
    variable: 'KAFKA_BROKERS',
    given,
    placeholder: 'kafka-1:9092,kafka-2:9092',
    required: true,
  })
  const isTls = await answer(
    confirm({ message: 'Do they speak TLS?', initialValue: given.KAFKA_SSL === 'true' }),
  )
  if (isTls) {
    answers.KAFKA_SSL = 'true'
    answers.KAFKA_SSL_CA = await line('PEM file of their authority (empty: the system’s)', {
      variable: 'KAFKA_SSL_CA',
      given,
    })
  } else {
    delete answers.KAFKA_SSL
    delete answers.KAFKA_SSL_CA
  }
  const mechanism = await choice('How does one log in?', given.KAFKA_SASL_MECHANISM ?? 'none', [
    { value: 'none', label: 'Not at all' },
    { value: 'SCRAM-SHA-512', label: 'SCRAM-SHA-512' },
    { value: 'SCRAM-SHA-256', label: 'SCRAM-SHA-256' },
    { value: 'PLAIN', label: 'PLAIN' },
  ])
  if (mechanism === 'none') {
    for (const variable of Object.keys(answers))
      if (variable.startsWith('KAFKA_SASL_')) delete answers[variable]
  } else {
    answers.KAFKA_SASL_MECHANISM = mechanism
    answers.KAFKA_SASL_USERNAME = await line('As whom?', {
      variable: 'KAFKA_SASL_USERNAME',
      given,
      required: true,
    })
    answers.KAFKA_SASL_PASSWORD_FILE = await line(
      'A file that holds the password (empty: KAFKA_SASL_PASSWORD)',
      { given: { '': given.KAFKA_SASL_PASSWORD_FILE ?? '' } },
    )
  }
  answers.SCHEMA_REGISTRY_URL = await line('A schema registry, with the path of its API (empty: none)', {
    variable: 'SCHEMA_REGISTRY_URL',
    given,
    placeholder: 'https://registry:8081',
  })
}

interface LineOptions {
  /** By whose form it is checked. */
  readonly variable?: VariableName
  readonly given: Answers
  readonly placeholder?: string
  readonly required?: boolean
  /** What the form alone does not see. */
  readonly problem?: (text: string) => string | undefined
}

/** Undefined for an empty answer. */
async function line(message: string, options: LineOptions): Promise<string | undefined> {
  const { variable, given, placeholder, required = false, problem } = options
  const initialValue = given[variable ?? '']
  const entered = await answer(
    text({
      message,
      ...(placeholder === undefined ? {} : { placeholder }),
      ...(initialValue === undefined ? {} : { initialValue }),
      validate(value) {
        const trimmed = value?.trim() ?? ''
        if (trimmed === '') return required ? 'This one is needed.' : undefined
        if (variable !== undefined) {
          const result = VARIABLES[variable].type.safeParse(trimmed)
          if (!result.success) return result.error.issues[0]!.message
        }
        return problem?.(trimmed)
      },
    }),
  )
  const trimmed = entered?.trim() ?? ''
  return trimmed === '' ? undefined : trimmed
}

async function choice(
  message: string,
  initialValue: string,
  options: { value: string; label: string; hint?: string }[],
): Promise<string> {
  return answer(select({ message, initialValue, options }))
}

async function answer<T>(asked: Promise<T>): Promise<Exclude<T, symbol>> {
  const value = await asked
  if (isCancel(value)) throw new ConnectorError('STOPPED', 'Nothing was written.')
  return value as Exclude<T, symbol>
}
