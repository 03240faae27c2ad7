const DIGIT_0 = 0x30

/**
 * One text for each decimal value: JSON numbers of the same value (`1`, `1.0`, `10e-1`) give the same text, others never
 * do, however many digits they have. An exponent beyond 15 digits is left as it is written.
 */
export function canonicalDecimal(number: string): string {
  const exponentAt = number.search(/[eE]/)
  const mantissa = exponentAt < 0 ? number : number.slice(0, exponentAt)
  const written = exponentAt < 0 ? '0' : number.slice(exponentAt + 1)
  const sign = mantissa.startsWith('-') ? '-' : ''
  const [whole, fraction = ''] = mantissa.slice(sign.length).split('.')
  const digits = whole! + fraction
  // By hand: /0+$/ would try every zero of a long run.
  let start = 0
  let end = digits.length
  while (start < end && digits.charCodeAt(start) === DIGIT_0) start += 1
  while (end > start && digits.charCodeAt(end - 1) === DIGIT_0) end -= 1
  if (start === end) return '0'
  if (written.length > 16) return number
  const exponent = Number(written) - fraction.length + (digits.length - end)
  return `${sign}${digits.slice(start, end)}e${exponent}`
}
