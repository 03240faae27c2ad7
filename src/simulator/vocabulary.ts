/**
 * What the simulated events speak of. Everything is invented: names end in "-example", addresses come from the
 * documentation ranges (RFC 5737, RFC 3849), hosts from `.example` (RFC 2606).
 * All texts are written as they stand inside a JSON string, so that events are put together without escaping again;
 * some use escapes on purpose (a quote, a line feed, a surrogate pair, a lone surrogate).
 */

export const PEOPLE: readonly string[] = (
  'alice bob carol dan erin faythe grace heidi ivan judy kofi liam mallory niaj olivia peggy ' +
  'quentin rupert sybil trent ursula victor walter yuki'
)
  .split(' ')
  .map(name => `${name}-example`)

export const REPO_TYPES = ['model', 'dataset', 'space', 'bucket'] as const

export const REPO_NAMES: readonly string[] = (
  'atlas-7b atlas-7b-instruct borealis-vision cirrus-speech delta-embeddings support-tickets ' +
  'product-reviews street-scenes evaluation-suite chat-playground leaderboard release-notes ' +
  'tokenizer-lab nightly-checkpoints red-team-prompts meeting-summaries'
).split(' ')

export const GROUPS: readonly string[] = [
  'Research',
  'Platform',
  'Équipe données',
  '研究グループ',
  'R&D \\"Core\\"',
  'Safety \\ud83d\\udee1\\ufe0f',
  'Zażółć',
  'Interns \\u0026 guests',
  'Évaluation',
  'Line\\nbreak team',
]

export const ROLES = ['read', 'contributor', 'write', 'admin'] as const
export const TOKEN_ROLES = ['read', 'write', 'fineGrained'] as const
export const SECRETS: readonly string[] =
  'OPENWEATHER_KEY DATABASE_URL S3_ACCESS_KEY WEBHOOK_SECRET API_TOKEN'.split(' ')
export const HARDWARE: readonly string[] =
  'cpu-basic cpu-upgrade t4-small a10g-large l40sx1 a100-large'.split(' ')
export const PLANS = ['team', 'enterprise', 'plus', 'academia'] as const
export const REGIONS = ['us', 'eu'] as const
export const PROVIDERS = ['provider-one-example', 'provider-two-example'] as const
export const SCHEDULES = ['@hourly', '@daily', '0 3 * * 1', '*/15 8-18 * * 1-5'] as const
export const VISIBILITIES = ['public', 'private', 'protected'] as const

/** Location members without braces; the Hub always gives `formatted`, the rest not always. */
export const LOCATIONS: readonly string[] = [
  '"formatted":"Paris, FR","country":"FR","city":"Paris"',
  '"formatted":"São Paulo, BR","country":"BR","city":"São Paulo"',
  '"formatted":"東京, JP","country":"JP","city":"東京"',
  '"formatted":"New York, US","country":"US","city":"New York"',
  '"formatted":"Zürich, CH","country":"CH","city":"Z\\u00fcrich"',
  '"formatted":"Nairobi, KE","country":"KE","city":"Nairobi"',
  '"formatted":"Bengaluru, IN","country":"IN","city":"Bengaluru"',
  '"formatted":"Germany","country":"DE"',
  '"formatted":"Unknown"',
]

export const USER_AGENTS: readonly string[] = [
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:142.0) Gecko/20100101 Firefox/142.0',
  'unknown/None; hf_hub/1.2.0; python/3.12.7; torch/2.8.0',
  'hf_hub/0.34.4; python/3.11.9; datasets/4.0.0; is_ci/true',
  'huggingface.js/3.15.0; node/24.21.0',
  'git-lfs/3.7.0 (GitHub; linux amd64; go 1.24.4)',
  'curl/8.15.0',
]

/** OAuth members without braces. */
export const OAUTH_APPS: readonly string[] = [
  '"clientId":"00000000-0000-4000-8000-00000000a001","name":"Notebook Runner (example)"',
  '"clientId":"00000000-0000-4000-8000-00000000a002","name":"Évaluateur \\"Beta\\""',
  '"clientId":"00000000-0000-4000-8000-00000000a003"',
]

const FILLER_WORDS: readonly string[] = (
  'batch shard revision commit branch checkpoint config weights token index export review policy ' +
  'quota scope region cache split train validation metric queue worker owner label schedule digest ' +
  'window session request audit change'
).split(' ')

const FILLER = buildFiller(1 << 16)

function buildFiller(length: number): string {
  const words: string[] = []
  let total = 0
  for (let state = 12_345; total < length; state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff) {
    const word =
      (state >> 16) % 5 === 0 ? String(state % 99_991) : FILLER_WORDS[(state >> 8) % FILLER_WORDS.length]!
    words.push(word)
    total += word.length + 1
  }
  return words.join(' ').slice(0, length)
}

/** That many characters of plain words, ASCII without anything to escape; `at` chooses where they begin. */
export function filler(at: number, length: number): string {
  if (length <= 0) return ''
  const start = at % FILLER.length
  if (start + length <= FILLER.length) return FILLER.slice(start, start + length)
  let text = FILLER.slice(start)
  while (text.length + FILLER.length <= length) text += FILLER
  return text + FILLER.slice(0, length - text.length)
}
